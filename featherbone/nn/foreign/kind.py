"""What a file of weights is, told by its first bytes and never by its name."""

from __future__ import annotations

import zipfile
from pathlib import Path

from featherbone.errors import FeatherboneError

SAFETENSORS, TORCH = "safetensors", "torch"
HEAD = 512  # bytes that are looked at
WRITE = "load it with its own library, and write its tensors with safetensors.torch.save_file"
KERAS = "write it with safetensors.numpy.save_file({w.path: w.numpy() for w in model.weights}, 'weights.safetensors')"
OTHERS = (  # first bytes, from which place on, what that is, and the next step
    (b"\x89HDF\r\n", 0, "an HDF5 file, as Keras writes", KERAS),
    (b"\x93NUMPY", 0, "a single NumPy array", WRITE),
    (b"\x12\x01\0\0\0\0\0\0", 0, "a parameter file of MXNet", WRITE),
    (b"TFL3", 4, "a TensorFlow Lite model", "an exported model holds a network of its own, and not weights for one"),
    (b"GGUF", 0, "a GGUF file", WRITE),
    (b"\x1f\x8b", 0, "compressed by gzip", "unpack it first"),
    (b"ustar", 257, "a tar archive", "unpack it, and give the file of weights in it"),
    (b"version https://git-lfs", 0, "a Git LFS pointer, and not the file itself", "git lfs pull fetches the file"),
    (b"<", 0, "a page of HTML or XML", "it may be a download page: fetch the file itself"),
)
ONNX = "perhaps an ONNX file", "an exported model holds a network of its own, and not weights for one"


def kind_of(path: str | Path, start: bytes) -> str:
    """``SAFETENSORS``, or ``TORCH`` for what ``torch.save`` writes, given the first bytes of a file.

    >>> kind_of("w.bin", (16).to_bytes(8, "little") + b'{"a":')
    'safetensors'

    Raises:
        FeatherboneError: it is anything else, which is named.
    """
    if start[8:9] == b"{":
        return SAFETENSORS
    if start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return TORCH
    if start[:2] == b"PK":
        _require_weights(path)
        return TORCH
    if not start:
        raise FeatherboneError(f"{path} is empty", hint="copy or download the file again")
    other = ONNX if start[:1] == b"\x08" else another_kind(start)
    if other is not None:
        what, step = other
        raise FeatherboneError(f"{path} is no file of weights that can be read: it is {what}", hint=step)
    raise FeatherboneError(
        f"{path} is not a file that safetensors or torch.save wrote: it begins with {start[:8]!r}",
        hint="give a safetensors file, or a state dict that torch.save wrote",
    )


def another_kind(start: bytes) -> tuple[str, str] | None:
    """What a file is by its first bytes, and the next step, where these are known to be of something else.

    >>> another_kind(b"version https://git-lfs.github.com/spec/v1")
    ('a Git LFS pointer, and not the file itself', 'git lfs pull fetches the file')
    """
    for beginning, place, what, step in OTHERS:
        if start[place : place + len(beginning)] == beginning:
            return what, step
    return None


def _require_weights(path: str | Path) -> None:
    """Raise for the zip that NumPy, Keras, TorchScript or torch.export writes."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception:  # zipfile raises many kinds on damaged bytes; torch's reader then says what is wrong
        return
    if any(name.endswith(".npy") for name in names):
        raise FeatherboneError(
            f"{path} is no file of weights that can be read: it is a NumPy archive (.npz)", hint=WRITE
        )
    if any(name.endswith(".weights.h5") for name in names):
        raise FeatherboneError(f"{path} is no file of weights that can be read: it is a model of Keras", hint=KERAS)
    for mark, what, reader in (
        ("/constants.pkl", "a TorchScript program", "torch.jit.load"),
        ("/models/model.json", "an archive of torch.export", "torch.export.load"),
    ):
        if any(name.endswith(mark) for name in names):
            raise FeatherboneError(
                f"{path} is no file of weights that can be read: it is {what}",
                hint=f"where you trust it: torch.save({reader}(file).state_dict(), 'weights.pth')",
            )
