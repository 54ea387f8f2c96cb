"""ONNX in every form keeps its promise, on every operator that an export may stumble over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from quantizing import quantized

from featherbone.errors import FeatherboneError
from featherbone.nn import Model
from featherbone.quantize import QuantizedModel
from featherbone.ship.onnx.target import TARGET, onnx_of
from featherbone.ship.reference import verify_target
from featherbone.ship.target import ExportForm, Shipped

NAMES = ["plain", "shuffled", "excited", "padded", "branched"]
FORMS = [ExportForm(precision=each, input=given) for each in ("float32", "float16") for given in ("tensor", "image")]
INTEGERS = [ExportForm(precision="int8", input=given) for given in ("tensor", "image")]


def in_integers(model: Model) -> QuantizedModel:
    return QuantizedModel(
        network=quantized(model.graph), classes=model.classes, preprocessing=model.preprocessing, provenance={}
    )


def written(model: Shipped, form: ExportForm, folder: Path) -> Path:
    return folder / TARGET.write(model, folder, form)[0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_floats_keep_their_promise(
    name: str, form: ExportForm, named: Callable[[str], Model], tmp_path: Path, images: np.ndarray
) -> None:
    model = named(name)
    found = verify_target(
        TARGET, model, written(model, form, tmp_path), form, images[..., : model.preprocessing.channels]
    )
    assert found.passed, found.reason
    assert (found.images, found.top1_agreement) == (70, 1.0)


@pytest.mark.parametrize("form", INTEGERS, ids=str)
@pytest.mark.parametrize("name", ["plain", "shuffled", "excited", "padded"])
def test_integers_keep_their_promise(
    name: str, form: ExportForm, named: Callable[[str], Model], tmp_path: Path, images: np.ndarray
) -> None:
    model = in_integers(named(name))
    found = verify_target(
        TARGET, model, written(model, form, tmp_path), form, images[..., : model.preprocessing.channels]
    )
    assert found.passed, found.reason


def test_half_is_half(trained: Model) -> None:
    whole, half = (onnx_of(trained, ExportForm(precision=each)) for each in ("float32", "float16"))
    assert half.ByteSize() < 0.75 * whole.ByteSize()
    assert {tensor.data_type for tensor in half.graph.initializer} <= {
        onnx.TensorProto.FLOAT16,
        onnx.TensorProto.INT64,
    }
    assert half.graph.input[0] == whole.graph.input[0]
    assert half.graph.output[0] == whole.graph.output[0]


def test_a_weight_that_half_precision_lacks_is_refused(trained: Model) -> None:
    weights = {key: tensor.clone() for key, tensor in trained.weights.items()}
    weights["classify.weight"][0, 0] = 7e4
    large = Model(graph=trained.graph, weights=weights, classes=trained.classes, preprocessing=trained.preprocessing)
    with pytest.raises(FeatherboneError, match=r"classify.weight holds 7e\+04; float16 ends at 65504"):
        onnx_of(large, ExportForm(precision="float16"))


@pytest.mark.parametrize("form", [*FORMS, *INTEGERS], ids=str)
def test_one_changed_weight_is_noticed(form: ExportForm, trained: Model, images: np.ndarray, tmp_path: Path) -> None:
    model = in_integers(trained) if form.precision == "int8" else trained
    file = written(model, form, tmp_path)
    proto = onnx.load(file)
    entry = next(
        tensor
        for tensor in proto.graph.initializer
        if tensor.name.startswith("classify.weight") and len(tensor.dims) > 1
    )
    changed = numpy_helper.to_array(entry).copy()
    changed.flat[np.abs(changed.astype(float)).argmax()] *= -1
    entry.CopyFrom(numpy_helper.from_array(changed, entry.name))
    onnx.save(proto, file)
    found = verify_target(TARGET, model, file, form, images)
    assert not found.passed
    assert "does not compute what was trained" in found.reason


def test_a_file_for_images_takes_and_gives_what_it_says(trained: Model) -> None:
    proto = onnx_of(trained, ExportForm(input="image"))
    (given,), (answer,) = proto.graph.input, proto.graph.output
    assert given.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert [side.dim_value for side in given.type.tensor_type.shape.dim[1:]] == [16, 16, 3]
    assert answer.name == "probabilities"
