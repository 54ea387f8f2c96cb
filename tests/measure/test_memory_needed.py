"""Small files that ask for more memory than there is are refused before a runtime sees them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from featherbone.errors import FeatherboneError
from featherbone.measure import memory_needed, prepared
from featherbone.measure.environment import memory


def saved(path: Path, made: list[int]) -> Path:
    """A network that adds up so many zeros, beside what it is given."""
    nodes = [
        helper.make_node("ConstantOfShape", ["sizes"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 8)) for name in ("x", "y")]
    sizes = numpy_helper.from_array(np.array(made, dtype=np.int64), "sizes")
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [sizes])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


@pytest.mark.parametrize(
    ("made", "said"), [([10**5, 10**5], r"needs 37\.3 GiB to run, and there are 2\.0 GiB"), ([10**10], "no tensor")]
)
def test_more_than_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made: list[int], said: str) -> None:
    monkeypatch.setattr(memory_needed, "memory", lambda: 2**31)
    path = saved(tmp_path / "hostile.onnx", made)
    with pytest.raises(FeatherboneError, match=said), prepared([path], ["onnxruntime"]):
        pass


def test_what_fits_is_let_through_and_what_cannot_be_read_is_left_to_the_runtime(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"x")
    paths = [saved(tmp_path / "small.onnx", [8]), tmp_path / "other.onnx"]
    with prepared(paths, ["onnxruntime"]) as subjects:
        assert [subject.name for subject in subjects] == ["small.onnx", "other.onnx"]
    assert memory() == 0 or memory() > 2**28


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_named_as_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(FeatherboneError, match="is a pipe"), prepared([tmp_path / "pipe.onnx"], ["onnxruntime"]):
        pass
