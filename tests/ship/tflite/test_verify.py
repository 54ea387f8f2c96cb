"""A file that computes what its model computes passes, and one with a changed weight does not."""

import re

import numpy as np
import pytest

from featherbone.data.batches import normalise
from featherbone.errors import FeatherboneError
from featherbone.ship.metadata import ZEROS
from featherbone.ship.tflite import export_tflite, open_tflite, verify_tflite
from featherbone.ship.tflite.texts import lite_texts, sealed


def resealed(content: bytes) -> bytes:
    """A file with a checksum that is right again."""
    (stated,) = re.findall(rb'"featherbone\.sha256": "([0-9a-f]{64})"', content)
    return sealed(content.replace(stated, ZEROS.encode()))


@pytest.mark.parametrize("takes", ["tensor", "image"])
@pytest.mark.parametrize("integers", [False, True])
def test_a_file_of_ours_passes(float_model, integer_model, pixels, tmp_path, takes, integers):
    model = integer_model if integers else float_model
    export_tflite(model, tmp_path / "model.tflite", takes=takes)
    found = verify_tflite(model, tmp_path / "model.tflite", pixels)
    assert (found.passed, found.reason, found.images, found.top1_agreement) == (True, "", 80, 1.0)
    assert found.largest_difference <= found.allowed * (2.01 if integers else 1)


def test_probabilities_are_what_a_softmax_of_the_logits_gives(float_model, pixels, tmp_path):
    for takes in ("tensor", "image"):
        export_tflite(float_model, tmp_path / f"{takes}.tflite", takes=takes)
    seen = float_model.preprocessing
    logits = open_tflite(tmp_path / "tensor.tflite").answers(normalise(pixels, seen.mean, seen.std).numpy())
    powers = np.exp(logits - logits.max(1, keepdims=True))
    found = open_tflite(tmp_path / "image.tflite").answers(pixels)
    assert np.abs(found - powers / powers.sum(1, keepdims=True)).max() < 1e-6


@pytest.mark.parametrize("takes", ["tensor", "image"])
@pytest.mark.parametrize("integers", [False, True])
def test_one_changed_weight_is_caught_though_the_checksum_is_right(
    float_model, integer_model, pixels, tmp_path, takes, integers
):
    model, path = integer_model if integers else float_model, tmp_path / "model.tflite"
    export_tflite(model, path, takes=takes)
    content = path.read_bytes()
    held = model.network.layers["classifier"].levels if integers else model.weights["classifier.weight"]
    row = held.numpy()[0].tobytes()
    changed = held.clone()
    changed[0, 3] = 127 - changed[0, 3] if integers else changed[0, 3] + 0.01
    assert content.count(row) == 1
    path.write_bytes(resealed(content.replace(row, changed.numpy()[0].tobytes())))
    assert lite_texts(path, path.read_bytes())
    found = verify_tflite(model, path, pixels)
    assert not found.passed
    assert found.reason.startswith("the TensorFlow Lite file does not compute what")


def test_without_images_there_is_no_verdict(float_model, tmp_path):
    export_tflite(float_model, tmp_path / "model.tflite")
    with pytest.raises(FeatherboneError, match="without images"):
        verify_tflite(float_model, tmp_path / "model.tflite", np.zeros((0, 16, 16, 3), np.uint8))
