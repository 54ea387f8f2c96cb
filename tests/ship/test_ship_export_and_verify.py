"""What is shipped computes what was trained, or the check says so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from featherbone.errors import FeatherboneError
from featherbone.nn import Model
from featherbone.ship.onnx_export import export_onnx
from featherbone.ship.verify import verify_onnx


@pytest.mark.parametrize("name", ["plain", "shuffled", "excited", "padded", "branched"])
def test_every_operator_survives_the_export(
    name: str, named: Callable[[str], Model], tmp_path: Path, images: np.ndarray
) -> None:
    built = named(name)
    export_onnx(built, tmp_path / "model.onnx")
    fed = images[..., : built.preprocessing.channels]
    found = verify_onnx(built, tmp_path / "model.onnx", fed)
    assert found.passed, found.reason
    assert found.images == 70  # a full batch and a smaller one: the batch is free
    assert found.top1_agreement == 1.0
    assert 0 < found.largest_difference < 1e-3


def test_the_file_stands_alone(exported: Path, trained: Model) -> None:
    proto = onnx.load(exported)
    onnx.checker.check_model(proto, full_check=True)
    assert [entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")] == [20], (
        "every ONNX Runtime from 1.19 on runs it"
    )
    kinds = {node.op_type for node in proto.graph.node}
    assert "BatchNormalization" not in kinds, "batch norms are folded"
    assert not kinds & {"Dropout", "Identity"}
    assert proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    assert metadata["featherbone.graph"] == "excited"
    assert json.loads(metadata["featherbone.classes"]) == list(trained.classes)
    assert json.loads(metadata["featherbone.provenance"]) == {"data": "noise", "seed": 0}
    assert [path.name for path in exported.parent.iterdir()] == ["model.onnx"], "no weights beside it"


def test_the_file_does_not_tell_where_it_was_made(exported: Path) -> None:
    content = exported.read_bytes()
    for trace in (b"File ", b"site-packages", b".py", str(Path.home()).encode()):
        assert trace not in content


def test_the_same_model_gives_the_same_bytes(exported: Path, trained: Model, tmp_path: Path) -> None:
    export_onnx(trained, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == exported.read_bytes()


@pytest.mark.parametrize("place", [0, 1, 2, -1])
def test_one_changed_weight_is_noticed(
    place: int, exported: Path, trained: Model, images: np.ndarray, tmp_path: Path
) -> None:
    proto = onnx.load(exported)
    weights = [entry for entry in proto.graph.initializer if numpy_helper.to_array(entry).dtype == np.float32]
    entry = [tensor for tensor in weights if numpy_helper.to_array(tensor).ndim > 1][place]
    changed = numpy_helper.to_array(entry).copy()
    changed.flat[np.abs(changed).argmax()] *= -1
    entry.CopyFrom(numpy_helper.from_array(changed, entry.name))
    onnx.save(proto, tmp_path / "changed.onnx")
    found = verify_onnx(trained, tmp_path / "changed.onnx", images)
    assert not found.passed
    assert "does not compute what was trained" in found.reason


def test_logits_that_are_not_numbers_fail(exported: Path, trained: Model, images: np.ndarray, tmp_path: Path) -> None:
    proto = onnx.load(exported)
    entry = next(tensor for tensor in proto.graph.initializer if tensor.name.startswith("classify"))
    broken = numpy_helper.to_array(entry).copy()
    broken.flat[0] = np.nan
    entry.CopyFrom(numpy_helper.from_array(broken, entry.name))
    onnx.save(proto, tmp_path / "nan.onnx")
    assert not verify_onnx(trained, tmp_path / "nan.onnx", images).passed


def test_another_networks_file_is_refused(exported: Path, named: Callable[[str], Model], images: np.ndarray) -> None:
    with pytest.raises(FeatherboneError, match="does not run on the model's images"):
        verify_onnx(named("padded"), exported, images[..., :1])


@pytest.mark.parametrize(
    "shape", [(0, 16, 16, 3), (4, 3, 16, 16), (4, 8, 8, 3), (16, 16, 3)], ids=["none", "NCHW", "small", "one"]
)
def test_images_of_another_shape_are_refused(shape: tuple[int, ...], exported: Path, trained: Model) -> None:
    with pytest.raises(FeatherboneError, match=r"needs uint8 \(N, 16, 16, 3\)"):
        verify_onnx(trained, exported, np.zeros(shape, dtype=np.uint8))


def test_exporting_is_silent(tmp_path: Path) -> None:
    """In a process of its own with default warnings: nothing of the exporter's reaches the terminal."""
    program = """
import sys
from featherbone.graph import image
from featherbone.nn import Model, Preprocessing, module, weights_of
from featherbone.ship.onnx_export import export_onnx
graph = image(1, 8).conv(4, 3).norm().act("relu6").global_pool().flatten().linear(2).graph("tiny")
settings = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
weights = weights_of(module(graph, seed=0))
export_onnx(Model(graph=graph, weights=weights, classes=("a", "b"), preprocessing=settings), sys.argv[1])
"""
    command = [sys.executable, "-c", program, str(tmp_path / "model.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout, done.stderr) == ("", "")
