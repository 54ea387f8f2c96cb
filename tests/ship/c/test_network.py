"""A compiled model answers as the model does; what can't be compiled is said in one sentence."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from c_code import has_compiler
from quantizing import quantized

import featherbone
from featherbone import FeatherboneError
from featherbone.data.batches import normalise
from featherbone.graph import image
from featherbone.nn import Model, Preprocessing, module, save_model, weights_of
from featherbone.quantize import QuantizedModel, reference

graph = image(3, 8).conv(6, 3, stride=2, name="stem").norm().act("relu").global_pool().flatten().linear(3).graph("tiny")
SEEN = Preprocessing(resolution=8, channels=3, mean=(0.5, 0.4, 0.3), std=(0.25, 0.2, 0.3))
CLASSES = ("a", "b", "c")
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
READY = normalise(PIXELS, SEEN.mean, SEEN.std)
compiles = pytest.mark.skipif(not has_compiler, reason="there is no gcc here")


def float_model() -> Model:
    return Model(graph=graph, weights=weights_of(module(graph, seed=0)), classes=CLASSES, preprocessing=SEEN)


@compiles
def test_a_file_of_floats_becomes_a_function(tmp_path):
    save_model(tmp_path / "a model.safetensors", float_model())
    classify = featherbone.compile(tmp_path / "a model.safetensors")
    with torch.inference_mode():
        wanted = float_model().module()(READY)
    assert np.allclose(classify.logits(PIXELS), wanted.numpy(), atol=1e-6)
    assert np.allclose(classify(PIXELS), wanted.softmax(1).numpy(), atol=1e-6)


@compiles
def test_integers_are_those_of_the_reference():
    model = QuantizedModel(network=quantized(graph), classes=CLASSES, preprocessing=SEEN)
    found = featherbone.compile(model).logits(PIXELS)
    assert np.array_equal(found, reference(model.network, READY.numpy()))


@compiles
@pytest.mark.parametrize("images", [PIXELS[:, :7], PIXELS.astype(np.float32), PIXELS[0], PIXELS[..., :1]])
def test_other_images_are_refused(images):
    with pytest.raises(FeatherboneError, match="the network takes uint8 of shape"):
        featherbone.compile(float_model()).logits(images)


def test_without_a_compiler_it_says_so(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FeatherboneError, match="there is no C compiler") as caught:
        featherbone.compile(float_model())
    assert "name one in CC" in str(caught.value.hint)


@compiles
def test_a_folder_that_cannot_be_written_is_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "file"))
    with pytest.raises(FeatherboneError, match="can't be written: File exists"):
        featherbone.compile(float_model())
