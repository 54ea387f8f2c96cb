"""A packed file: what was written comes back, and nothing else is read."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.importing import read_model
from featherbone.nn import Preprocessing, load_model
from featherbone.nn.about import About
from featherbone.nn.initialise import initial_weights
from featherbone.nn.packed import file as packed_file
from featherbone.nn.packed.file import START, is_packed, load_packed, packed_bytes, save_packed
from featherbone.nn.packed.model import Levelled, PackedModel


@pytest.fixture
def model() -> PackedModel:
    x = image(3, 8).conv(8, 3, name="stem", bias=True).act("relu").norm(name="late")
    graph = x.global_pool().flatten().linear(3, name="scores").graph("tiny")
    generator = np.random.default_rng(0)
    levels, plain = {}, {}
    for name, tensor in initial_weights(graph, seed=0).items():
        if name.startswith("late."):
            plain[name] = tensor
        else:
            numbers = generator.integers(-9, 10, tuple(tensor.shape)).astype(np.int16)
            levels[name] = Levelled(levels=numbers, step=float(np.float32(0.01)))
    about = About(
        graph=graph,
        classes=("Käfer", "two", "three"),
        preprocessing=Preprocessing(resolution=8, channels=3, mean=(0.1,) * 3, std=(0.2,) * 3, crop=0.875),
        provenance={"from": "a test"},
    )
    return PackedModel(about=about, levels=levels, plain=plain)


def test_all_of_it_comes_back(model: PackedModel, tmp_path: Path) -> None:
    path = tmp_path / "tiny.fbone"
    assert save_packed(path, model) == path.stat().st_size
    again = load_packed(path)
    assert again.about == model.about
    assert again.weights().keys() == model.weights().keys()
    for name, tensor in model.weights().items():
        assert torch.equal(again.weights()[name], tensor), name
    assert packed_bytes(again) == path.read_bytes(), "equal content gives equal bytes"


def test_it_is_a_model_file_as_any_other(model: PackedModel, tmp_path: Path) -> None:
    path = tmp_path / "tiny.fbone"
    save_packed(path, model)
    found = load_model(path)
    assert (found.graph, found.classes, found.preprocessing) == (
        model.about.graph,
        model.about.classes,
        model.about.preprocessing,
    )
    assert read_model(str(path)) == model.about.graph
    path.rename(other := tmp_path / "tiny.safetensors")
    assert load_model(other).classes == model.about.classes, "what it is, its first bytes say"


def test_every_changed_byte_and_every_part_of_it_is_refused(model: PackedModel, tmp_path: Path) -> None:
    whole = packed_bytes(model)
    path = tmp_path / "damaged.fbone"
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(FeatherboneError):
            load_packed(path)
    for sixteenth in range(16):
        path.write_bytes(whole[: len(whole) * sixteenth // 16])
        with pytest.raises(FeatherboneError, match=r"truncated|no packed model"):
            load_packed(path)


def test_a_newer_version_is_named(model: PackedModel, tmp_path: Path) -> None:
    content = bytearray(packed_bytes(model))
    content[8] = 2
    path = tmp_path / "newer.fbone"
    path.write_bytes(content)
    with pytest.raises(FeatherboneError, match=r"version 2; this featherbone reads 1 \(install the version"):
        load_model(path)


def sealed(body: bytes) -> bytes:
    return packed_file.MAGIC + b"\1" + hashlib.sha256(body).digest()[:16] + body


def test_what_only_claims_to_be_large_takes_no_memory(tmp_path: Path) -> None:
    """A network of half a milliard weights in a file of some hundred bytes, whose checksum is right."""
    graph = image(1024, 1).conv(1024, 21, name="vast").global_pool().flatten().linear(2).graph("vast")
    small = image(1, 4).flatten().linear(2).graph("vast")
    about = About(
        graph=small,
        classes=("a", "b"),
        preprocessing=Preprocessing(resolution=4, channels=1, mean=(0.0,), std=(1.0,)),
        provenance={},
    )
    zeros = {name: np.zeros(tuple(map(int, shape)), np.int16) for name, shape in small.parameters().items()}
    levels = {name: Levelled(levels=each, step=1.0) for name, each in zeros.items()}
    body = packed_bytes(PackedModel(about=about, levels=levels))[START:]
    path = tmp_path / "vast.fbone"
    texts = packed_file.about_texts(About(**{**vars(about), "graph": graph}))
    squeezed = packed_file._squeezed("\n".join([*texts.values(), "[]"]).encode())
    path.write_bytes(sealed(packed_file._number(len(squeezed)) + b"\0" + squeezed + body[-40:]))
    with pytest.raises(FeatherboneError, match=r"bytes do not hold the 462,42\d,\d+ weights"):
        load_packed(path)
    bomb = packed_file._squeezed(b" " * (65 * 2**20))
    path.write_bytes(sealed(packed_file._number(len(bomb)) + b"\0" + bomb))
    with pytest.raises(FeatherboneError, match="more than 67,108,864 bytes"):
        load_packed(path)


def test_a_pipe_is_no_packed_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.fbone")
    with pytest.raises(FeatherboneError, match="pipe"):
        is_packed(tmp_path / "pipe.fbone")


def test_many_weights_that_are_all_0_can_be_read_again(tmp_path: Path) -> None:
    """Fewer bits than a reader takes on trust are filled up."""
    x = image(3, 1).pointwise(1100, name="a").pointwise(1100, name="b").flatten()
    graph = x.linear(2, bias=False).graph("wide")
    about = About(
        graph=graph,
        classes=("a", "b"),
        preprocessing=Preprocessing(resolution=1, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3),
        provenance={},
    )
    levels = {
        name: Levelled(levels=np.zeros(tuple(map(int, shape)), np.int16), step=1.0)
        for name, shape in graph.parameters().items()
    }
    save_packed(tmp_path / "z.fbone", PackedModel(about=about, levels=levels))
    assert not any(bool(tensor.any()) for tensor in load_packed(tmp_path / "z.fbone").weights().values())
