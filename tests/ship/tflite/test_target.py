"""A TensorFlow Lite file in every form keeps its promise, on every operator that an export may stumble over."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from quantizing import quantized

from featherbone.errors import FeatherboneError
from featherbone.quantize import QuantizedModel
from featherbone.ship.metadata import ZEROS
from featherbone.ship.reference import verify_target
from featherbone.ship.target import ExportForm
from featherbone.ship.tflite.target import TARGET
from featherbone.ship.tflite.texts import sealed

NAMES = ["plain", "shuffled", "excited", "padded", "branched"]
FORMS = [ExportForm(precision=each, input=given) for each in ("float32", "float16") for given in ("tensor", "image")]
INTEGERS = [ExportForm(precision="int8", input=given) for given in ("tensor", "image")]


def verified(model, form, folder, images):
    file = folder / TARGET.write(model, folder, form)[0]
    return verify_target(TARGET, model, file, form, images[..., : model.preprocessing.channels])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_floats_keep_their_promise(name, form, named, tmp_path, images):
    found = verified(named(name), form, tmp_path, images)
    assert found.passed, found.reason
    assert (found.images, found.top1_agreement) == (70, 1.0)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "branched"])  # its logits are nearly equal
@pytest.mark.parametrize("form", INTEGERS, ids=str)
def test_integers_keep_their_promise(name, form, named, tmp_path, images):
    model = named(name)
    network = quantized(model.graph)
    model = QuantizedModel(network=network, classes=model.classes, preprocessing=model.preprocessing)
    found = verified(model, form, tmp_path, images)
    assert found.passed, found.reason


@pytest.mark.parametrize("form", [*FORMS, *INTEGERS], ids=str)
def test_one_changed_weight_is_noticed_though_the_checksum_is_right(form, trained, integers, images, tmp_path):
    model = integers if form.precision == "int8" else trained
    file = tmp_path / TARGET.write(model, tmp_path, form)[0]
    content = file.read_bytes()
    held = model.network.layers["classify"].levels if model is integers else model.weights["classify.weight"]
    values = held.numpy().astype({"float16": np.float16}.get(form.precision, held.numpy().dtype))
    changed = values.copy()
    changed.flat[np.abs(changed.astype(float)).argmax()] *= -1
    assert content.count(values.tobytes()) == 1
    file.write_bytes(resealed(content.replace(values.tobytes(), changed.tobytes())))
    found = verify_target(TARGET, model, file, form, images)
    assert not found.passed
    assert "does not compute what was trained" in found.reason


def resealed(content: bytes) -> bytes:
    """A file with a checksum that is right again."""
    (stated,) = re.findall(rb'"featherbone\.sha256": "([0-9a-f]{64})"', content)
    return sealed(content.replace(stated, ZEROS.encode()))


def test_what_a_file_does_not_hold_is_refused_before_any_work(named):
    model = named("plain")
    wide = quantized(model.graph, maps=16)
    model = QuantizedModel(network=wide, classes=model.classes, preprocessing=model.preprocessing)
    sentence = r"tflite can't hold plain in int8: the map of image has 16 bits, and maps have 8 there \(\d+ more\)"
    with pytest.raises(FeatherboneError, match=sentence):
        TARGET.require_holds(model, ExportForm(precision="int8"))


def test_without_the_runtime_the_line_that_installs_it(monkeypatch):
    absent = replace(TARGET, packages=("ai_edge_litert_absent",))
    with pytest.raises(FeatherboneError, match=r"not installed \(pip install 'featherbone\[tflite\]'\)"):
        absent.require_installed()


def test_a_weight_that_half_precision_lacks_is_refused(trained, tmp_path):
    weights = {key: tensor.clone() for key, tensor in trained.weights.items()}
    weights["classify.weight"][0, 0] = 7e4
    with pytest.raises(FeatherboneError, match=r"classify.weight holds 7e\+04; float16 ends at 65504"):
        TARGET.write(replace(trained, weights=weights), tmp_path, ExportForm(precision="float16"))
    assert list(tmp_path.iterdir()) == []
