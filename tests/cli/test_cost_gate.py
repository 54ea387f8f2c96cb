"""``featherbone cost --budget`` with a latency: the file itself is timed, as the shell's other options describe it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from featherbone.cli.main import app
from featherbone.measure import latency


@pytest.fixture
def timed(monkeypatch):
    """What was to be timed; each run takes two milliseconds."""
    found = []

    def measure(subjects, **settings):
        found.extend(subjects)
        batch = subjects[0].batch or 1
        return [SimpleNamespace(network="net", batch=batch, noisy=False, times=SimpleNamespace(p50_ms=2.0))]

    monkeypatch.setattr(latency, "measure", measure)
    return found


def saved(path: Path, size) -> str:
    weight = numpy_helper.from_array(np.ones((2, 3, 3, 3), dtype=np.float32), "w")
    sides = [helper.make_tensor_value_info("x", TensorProto.FLOAT, size)]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2, "h", "v"])]
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["y"])], "g", sides, made, [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    return str(path)


@pytest.mark.parametrize(("limit", "code"), [("latency<3ms", 0), ("latency<1ms", 1)])
def test_an_onnx_file_is_timed_itself(tmp_path, timed, limit, code):
    path = saved(tmp_path / "net.onnx", [1, 3, 8, 8])
    assert CliRunner().invoke(app, ["cost", path, "--budget", limit]).exit_code == code
    assert [subject.files["onnxruntime"] for subject in timed] == [path]


def test_open_sizes_are_those_that_are_given(tmp_path, timed):
    path = saved(tmp_path / "net.onnx", ["n", 3, "h", "w"])
    result = CliRunner().invoke(app, ["cost", path, "--input", "x:3x9x7", "--budget", "latency<3ms macs<2k"])
    assert (result.exit_code, timed[0].sizes) == (0, {"x": (1, 3, 9, 7)})


def test_a_fixed_batch_is_said(tmp_path, timed):
    result = CliRunner().invoke(app, ["cost", saved(tmp_path / "net.onnx", [4, 3, 8, 8]), "--budget", "latency<3ms"])
    assert "exported for a batch of 4, and so timed" in result.stderr
    assert "counted for one image" in result.stderr
