"""Paths and files of a stranger: pipes and devices are refused at once, and a small file takes little memory."""

from __future__ import annotations

import io
import os
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from featherbone.cost.document import read_cost_document
from featherbone.data.decode import load_image
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.files import damage, opened, parse_json, parse_toml, read_bytes, read_json, read_text, require_regular
from featherbone.importing import read
from featherbone.nn import load_model, stated_checksum
from featherbone.nn.foreign.read import read_state
from featherbone.report.run import read_run
from featherbone.run_file import read_facts
from featherbone.search.record.reading import reading
from featherbone.search.space.space_file import open_space
from featherbone.ship.predict import load_predictor
from featherbone.train.recipe.file import read_recipe

SPARE = 300 * 2**20  # bytes of memory that a refusal may take


def sparse(path: Path, size: int) -> None:
    """A file of this size that takes no room."""
    path.touch()
    os.truncate(path, size)


def _ledger(path: Path) -> None:
    with reading(path.parent):
        pass


DOORS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "model": ("m.safetensors", load_model),
    "checksum": ("m.safetensors", stated_checksum),
    "cost of a model": ("m.safetensors", read),
    "graph": ("g.json", read),
    "onnx": ("m.onnx", read),
    "pt2": ("m.pt2", read),
    "function": ("m.py", lambda path: read(f"{path}:build")),
    "weights": ("w.safetensors", read_state),
    "pickled weights": ("w.pth", read_state),
    "recipe": ("r.toml", read_recipe),
    "space": ("s.toml", lambda path: open_space(str(path), (32,))),
    "python space": ("s.py", lambda path: open_space(str(path), (32,))),
    "costs": ("c.json", read_cost_document),
    "run": ("run.json", lambda path: read_facts(path.parent)),
    "page": ("run.json", lambda path: read_run(path.parent)),
    "ledger": ("ledger.sqlite", _ledger),
    "predicted by": ("m.safetensors", load_predictor),
    "predicted by onnx": ("m.onnx", load_predictor),
    "image": ("i.png", lambda path: load_image(path, resolution=8, channels=3)),
    "hash": ("h", file_hash),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_regular_file_is_refused_at_once(door: str, kind: str, tmp_path: Path) -> None:
    name, reader = DOORS[door]
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(FeatherboneError):
        reader(path)


@pytest.mark.parametrize("door", DOORS)
def test_an_empty_file_and_one_of_noise_are_refused(door: str, tmp_path: Path) -> None:
    name, reader = DOORS[door]
    path = tmp_path / name
    if door not in ("hash", "function"):
        for content in (b"", os.urandom(2000), b"\0" * 2000):
            path.write_bytes(content)
            with pytest.raises(FeatherboneError):
                reader(path)


def _zipped(members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _inflated_weights(path: Path) -> None:
    torch.save({"a": torch.zeros(30_000_000)}, path)
    with zipfile.ZipFile(path) as archive:
        path_content = _zipped({name: archive.read(name) for name in archive.namelist()})
    path.write_bytes(path_content)


READERS = {"m.pt2": read, "w.pth": read_state, "m.safetensors": load_model, "g.json": read, "r.toml": read_recipe}
BOMBS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "json of a program": (
        "m.pt2",
        lambda path: path.write_bytes(_zipped({"a/models/model.json": b"[" + b"[]," * 20_000_000 + b"[]]"})),
        "up to 40,000,003 values",
    ),
    "spaces of a program": (
        "m.pt2",
        lambda path: path.write_bytes(_zipped({"a/models/model.json": b" " * (65 * 2**20)})),
        "more than 64 MiB",
    ),
    "compressed weights": ("w.pth", _inflated_weights, "unpacks from"),
    "one number, a billion times": (
        "w.pth",
        lambda path: torch.save({"a": torch.zeros(1).expand(10**9)}, path),
        "tensors of 4,000,000,000 bytes",
    ),
    "a sparse tensor": (
        "w.pth",
        lambda path: torch.save(
            {"a": torch.sparse_coo_tensor([[0], [0]], [1.0], (10**5, 10**5), check_invariants=True)}, path
        ),
        "a is sparse",
    ),
    "a long pickle": (
        "w.pth",
        lambda path: path.write_bytes(_zipped({"w/data.pkl": b"\x80\x02" + b"}" * 5_000_000, "w/version": b"3"}, 0)),
        "describes its tensors in 5,000,002 bytes",
    ),
    "a header of lists": (
        "m.safetensors",
        lambda path: path.write_bytes((30_000_004).to_bytes(8, "little") + b'{"":[' + b"[]," * 10_000_000 + b"]"),
        "values",
    ),
    "a file that is only said to be large": (
        "m.safetensors",
        lambda path: sparse(path, 2**33),
        "not a safetensors file",
    ),
    "lists in a graph": ("g.json", lambda path: path.write_text("[" + "[]," * 10_000_000 + "[]]"), "values"),
    "a long key": ("r.toml", lambda path: path.write_text("a." * 50_000 + "b = 1"), "a line with 50,000 dots"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_takes_little_memory(name: str, tmp_path: Path) -> None:
    file, write, message = BOMBS[name]
    path = tmp_path / file
    write(path)
    reader = {"m.pt2": read, "w.pth": read_state, "m.safetensors": load_model, "g.json": read, "r.toml": read_recipe}[
        file
    ]
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_data_now() + SPARE, limits[1]))
    try:
        with pytest.raises(FeatherboneError, match=message):
            reader(path)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, limits)


def _data_now() -> int:
    """Bytes of private memory that this process has asked for."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))


def test_weights_that_share_their_numbers_are_read(tmp_path: Path) -> None:
    one = torch.rand(1000)
    torch.save({"a": one, "b": one, "c": one[:500]}, tmp_path / "w.pth")
    assert set(read_state(tmp_path / "w.pth")[0]) == {"a", "b", "c"}


def test_a_file_that_grows_or_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes(b"12345")
    assert read_bytes(path, most=5) == b"12345"
    with pytest.raises(FeatherboneError, match="has 5 bytes; at most 4 are read"):
        read_bytes(path, most=4)
    with pytest.raises(FeatherboneError, match="at most 4 are read"), opened(path, most=4):
        pass
    with pytest.raises(FeatherboneError, match=r"cannot read .*: No such file"):
        require_regular(tmp_path / "absent")
    with pytest.raises(FeatherboneError, match="cannot read"):
        require_regular("with\0nul")


def test_texts_are_utf8_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes(b"ab\xff")
    with pytest.raises(FeatherboneError, match="is not text in UTF-8: byte 2"):
        read_text(path)
    path.write_text('{"a": [1, 2]}')
    assert read_json(path) == {"a": [1, 2]}
    with pytest.raises(FeatherboneError, match="up to 4 values; at most 3 are read"):
        read_json(path, values=3)
    for text, message in (("{", "is not JSON"), ("[" * 10**5, "nested too deeply"), ("1" * 5000, "is damaged")):
        with pytest.raises(FeatherboneError, match=message):
            parse_json(text, "notes")
    for text, message in (("a", "is not TOML"), ("a=" + "[" * 10**5, "nested too deeply"), ("#" * 2**19, "characters")):
        with pytest.raises(FeatherboneError, match=message):
            parse_toml(text, "notes")
    assert parse_toml(f"# {'.' * 200}\na = 1", "notes") == {"a": 1}


ESCAPED = (KeyError("a"), RecursionError(), OverflowError("large"), StopIteration(), OSError("io"), AssertionError())


@pytest.mark.parametrize("error", ESCAPED)
def test_the_last_net_makes_a_sentence_of_any_exception(error: Exception) -> None:
    kind = type(error).__name__
    with pytest.raises(FeatherboneError, match=f"or holds what is not read here: {kind}"), damage("model"):
        raise error
    with pytest.raises(FeatherboneError, match="asks for more memory"), damage("model"):
        raise MemoryError
    for passing in (FeatherboneError("mine"), KeyboardInterrupt(), ModuleNotFoundError("onnx", name="onnx")):
        with pytest.raises(type(passing)) as found, damage("model"):
            raise passing
        assert found.value is passing
