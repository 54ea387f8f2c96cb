"""Where a file states another shape than the one that comes out, the count is not complete, and a note says so."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from featherbone.cost import count
from featherbone.importing import read


def tensor(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def saved(path, stated, output=(1, 4, 6, 6)):
    """Two convolutions of 4 channels without padding on a map of 10 × 10: 8 × 8, then 6 × 6."""
    weights = [numpy_helper.from_array(np.ones((4, 4, 3, 3), dtype=np.float32), name) for name in ("w1", "w2")]
    nodes = [helper.make_node("Conv", ["x", "w1"], ["a"]), helper.make_node("Conv", ["a", "w2"], ["y"])]
    graph = helper.make_graph(nodes, "g", [tensor("x", 1, 4, 10, 10)], [tensor("y", *output)], weights)
    graph.value_info.extend(stated)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


MACS = 144 * (64 + 36)


@pytest.mark.parametrize("stated", [[], [tensor("a", 1, 4, 8, 8)], [tensor("a", "batch", 4, "height", 8)]])
def test_shapes_that_fit(tmp_path, stated):
    imported = read(saved(tmp_path / "model.onnx", stated))
    counted = count(imported.graph)
    assert (counted.macs, counted.complete, imported.warnings) == (MACS, True, ())


@pytest.mark.parametrize("sides", [(1, 4, 9, 8), (4, 8, 8), (1, 4, "height", 9), ()])
def test_a_shape_that_does_not_fit(tmp_path, sides):
    imported = read(saved(tmp_path / "model.onnx", [tensor("a", *sides)]))
    counted = count(imported.graph)
    assert counted.macs == MACS
    assert [label for _, label in counted.uncounted] == ["Conv of another shape"]
    (note,) = imported.warnings
    stated = "×".join(map(str, sides)) or "one number"
    assert note == f"Conv writes a as 1×4×8×8 by our rules, and the file states {stated}: the count is not complete"


def test_only_the_first_of_a_chain_is_named(tmp_path):
    imported = read(saved(tmp_path / "model.onnx", [tensor("a", 1, 4, 9, 9)], output=(1, 4, 7, 7)))
    assert len(imported.warnings) == 1
    assert "writes a" in imported.warnings[0]
    imported = read(saved(tmp_path / "model.onnx", [], output=(1, 4, 7, 7)))
    assert "Conv writes y as 1×4×6×6" in imported.warnings[0]
    assert not count(imported.graph).complete
