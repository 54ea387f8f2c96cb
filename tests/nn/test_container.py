"""What is written is read back exactly; what was damaged, swapped or is no container is refused in one sentence."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import safetensors.torch
import torch

from featherbone.errors import FeatherboneError
from featherbone.nn.container import read_foreign_tensors, read_tensors, write_tensors


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "some.safetensors"
    write_tensors(path, TENSORS, {"note": "zeros " + "0" * 64, "classes": '["é", "b"]'})
    return path


TENSORS = {
    "a.weight": torch.arange(6.0).reshape(2, 3),
    "b": torch.tensor([1, -2], dtype=torch.int64),
    "half": torch.tensor([0.5, float("nan")], dtype=torch.bfloat16),
    "empty": torch.zeros(0, 3),
    "scalar": torch.tensor(7, dtype=torch.uint8),
}


def test_exact_round_trip(path: Path) -> None:
    tensors, header = read_tensors(path)
    assert header == {"note": "zeros " + "0" * 64, "classes": '["é", "b"]'}
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        torch.testing.assert_close(tensors[name], tensor, rtol=0, atol=0, equal_nan=True)


def test_other_readers_open_it(path: Path) -> None:
    torch.testing.assert_close(safetensors.torch.load_file(path)["a.weight"], TENSORS["a.weight"])
    assert read_foreign_tensors(path).keys() == TENSORS.keys()


def test_equal_content_gives_equal_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    write_tensors(again, dict(reversed(TENSORS.items())), {"classes": '["é", "b"]', "note": "zeros " + "0" * 64})
    assert again.read_bytes() == path.read_bytes()


def test_any_layout_and_shared_memory(tmp_path: Path) -> None:
    base = torch.randn(2, 3, 4, 4)
    tensors = {"last": base.to(memory_format=torch.channels_last), "view": base[1:], "whole": base}
    write_tensors(tmp_path / "f", tensors, {})
    for name, tensor in read_tensors(tmp_path / "f")[0].items():
        assert torch.equal(tensor, tensors[name])


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    write_tensors(path, {"a": torch.ones(3)}, {"n": "1"})
    content = path.read_bytes()
    for place in range(len(content)):
        for bit in (0, 3, 5, 7):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(FeatherboneError):
                read_tensors(path)


def test_every_truncation_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(FeatherboneError, match="truncated"):
            read_tensors(path)


def test_what_was_appended_is_noticed(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(FeatherboneError, match="tensors do not match their checksum"):
        read_tensors(path)


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a pickle was executed",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_refused_unread(path: Path, protocol: int) -> None:
    path.write_bytes(pickle.dumps(Trap(), protocol=protocol))
    with pytest.raises(FeatherboneError, match=r"pickles are refused: .* \(where you trust it"):
        read_tensors(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_what_torch_save_wrote_is_refused(path: Path, zipped: bool) -> None:
    torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(FeatherboneError, match="pickles are refused"):
        read_tensors(path)


def test_a_header_as_long_as_a_pickle_begins_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    for padding in range(640):
        write_tensors(path, {"a": torch.ones(1)}, {"n": "x" * padding})
        if path.read_bytes().startswith(b"\x80\x02"):  # a length of 640, and how a pickle of protocol 2 begins
            break
    else:
        pytest.fail("no header was 640 bytes long")
    assert read_tensors(path)[1] == {"n": "x" * padding}


def _document(header: bytes, payload: bytes = b"", length: int | None = None) -> bytes:
    return (len(header) if length is None else length).to_bytes(8, "little") + header + payload


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated: 0 bytes"),
        (b"\x89PNG\r\n\x1a\n and so on", "not a safetensors file"),
        (b"<!DOCTYPE html><html>404", "it is a page of HTML"),
        (_document(b"{}", length=2**63), "claims a header of 9,223,372,036,854,775,808 bytes"),
        (_document(b"{}", length=5000), "truncated: 10 bytes of at least 5,008"),
        (_document(b"{" * 100_000), "its header is not JSON"),
        (_document(b'{"a":[1]}'), "header is not a safetensors header"),
        (_document(b'{"__metadata__":7}'), "header is not a safetensors header"),
        (_document(b'{"__metadata__":{"sha256":7}}'), "metadata is not text"),
        (_document(b"{\xff}"), "header is not a safetensors header"),
        (_document(b"{}"), "no header_sha256"),
    ],
)
def test_what_is_no_container_is_refused(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(FeatherboneError, match=message):
        read_tensors(path)


def test_a_layout_that_lies_is_refused(path: Path) -> None:
    for entry in (
        {"dtype": "F32", "shape": [4], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]},
        {"dtype": "PY", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": ["0", "8"]},
    ):
        path.write_bytes(_document(json.dumps({"a": entry}).encode(), bytes(8)))
        with pytest.raises(FeatherboneError, match="is damaged"):
            read_foreign_tensors(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match=r"cannot read .*: No such file"):
        read_tensors(tmp_path / "none")
    with pytest.raises(FeatherboneError, match=r"is a folder, not a file that can be read"):
        read_tensors(tmp_path)


def test_the_names_of_the_checksums_are_reserved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="written by the container itself"):
        write_tensors(tmp_path / "f", {}, {"sha256": "x"})
