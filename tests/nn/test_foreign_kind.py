"""What a file of weights is, by its content: whatever it is called, it is read, or refused by what it is."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from featherbone.errors import FeatherboneError
from featherbone.nn import load_model
from featherbone.nn.foreign import read_state

STATE = {"conv.weight": torch.arange(12.0).view(4, 3, 1, 1), "conv.bias": torch.zeros(4)}


def torch_bytes(**options: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(STATE, buffer, **options)
    return buffer.getvalue()


def numpy_bytes() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{name: tensor.numpy() for name, tensor in STATE.items()})
    return buffer.getvalue()


def tar_bytes() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        content = torch_bytes()
        entry = tarfile.TarInfo("w.pth")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


READ = {
    "safetensors": save(STATE),
    "torch": torch_bytes(),
    "torch, old": torch_bytes(_use_new_zipfile_serialization=False),
}


@pytest.mark.parametrize("name", ["w", "w.th", "w.bin", "w.pth", "w.pth.tar", "w.PT", "w.weights", "w.th.20240101"])
@pytest.mark.parametrize("kind", READ)
def test_the_name_of_a_file_decides_nothing(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(READ[kind])
    tensors, remarks = read_state(tmp_path / name)
    assert torch.equal(tensors["conv.weight"], STATE["conv.weight"])
    assert ("restricted unpickler" in " ".join(remarks)) == (kind != "safetensors")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file, as Keras writes .*safetensors.numpy"),
        (numpy_bytes(), "a NumPy archive"),
        (b"\x93NUMPY" + bytes(64), "a single NumPy array"),
        ((0x112).to_bytes(8, "little") + bytes(16), "a parameter file of MXNet"),
        (bytes(4) + b"TFL3" + bytes(40), "a TensorFlow Lite model"),
        (b"\x08\x0a\x12\x07pytorch" + bytes(40), "perhaps an ONNX file"),
        (tar_bytes(), "a tar archive .unpack it"),
        (gzip.compress(torch_bytes()), "compressed by gzip"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "a page of HTML"),
        (b"0123456789abcdef", "is not a file that safetensors or torch.save wrote: it begins with b'01234567'"),
    ],
)
@pytest.mark.parametrize("name", ["w.pth", "w"])
def test_anything_else_is_named(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FeatherboneError, match=told) as caught:
        read_state(tmp_path / name)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "no safetensors file: it is a Git LFS pointer.*git lfs pull",
        ),
        (b"<!DOCTYPE html><html>", "no safetensors file: it is a page of HTML"),
        (gzip.compress(torch_bytes()), "compressed by gzip"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file"),
        (b"0123456789abcdef", "it begins with b'01234567'"),
    ],
)
def test_what_is_only_called_safetensors_is_named_too(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    for read in (read_state, load_model):
        with pytest.raises(FeatherboneError, match=told):
            read(tmp_path / "w.safetensors")


def test_names_of_a_safetensors_file_stand_as_people_number_them(tmp_path: Path) -> None:
    names = [f"conv{number}.weight" for number in range(1, 13)]
    (tmp_path / "w").write_bytes(save({name: torch.zeros(1) for name in names}))
    assert list(read_state(tmp_path / "w")[0]) == names
