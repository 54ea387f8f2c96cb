"""Tensors and a few texts in one file that runs no code when read and notices damage: safetensors with checksums.

The file is ordinary safetensors (any reader opens it): 8 bytes of header length, a JSON header, the payload. The format
alone misses flipped bits, so the header's metadata also holds ``sha256``, of the payload, and ``header_sha256``, of the
header's bytes with the 64 digits of that very value as zeros. Written atomically; equal content gives equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

import safetensors.torch
import torch

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError
from featherbone.files import COPY as DAMAGED
from featherbone.files import damage, opened, parse_json

HEAD = 512  # bytes that tell what a file is
LONGEST_HEADER = 100_000_000  # bytes; the bound of the format itself
LARGEST = 8 * 2**30  # bytes of a file; it is read as a whole
PAYLOAD, HEADER = "sha256", "header_sha256"
ZEROS = "0" * 64


def write_tensors(path: str | os.PathLike[str], tensors: Mapping[str, torch.Tensor], header: Mapping[str, str]) -> None:
    """Write tensors and header texts to one file, atomically.

    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "two.safetensors"
    >>> write_tensors(path, {"a": torch.ones(2)}, {"note": "two ones"})
    >>> tensors, header = read_tensors(path)
    >>> tensors["a"].tolist(), header["note"]
    ([1.0, 1.0], 'two ones')

    Tensors may live on any device and in any memory format; they are stored contiguous.

    Raises:
        FeatherboneError: the file cannot be written; the previous one is then unchanged.
        ValueError: ``header`` uses a name that the checksums need.
    """
    if PAYLOAD in header or HEADER in header:
        raise ValueError(f"{PAYLOAD} and {HEADER} are written by the container itself")
    # Cloned because safetensors refuses tensors that share memory, as tied weights and views do.
    content = safetensors.torch.save({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()})
    length = int.from_bytes(content[:8], "little")
    layout, payload = json.loads(content[8 : 8 + length]), memoryview(content)[8 + length :]
    layout.pop("__metadata__", None)
    digest = hashlib.sha256(payload).hexdigest()
    metadata = {HEADER: ZEROS, PAYLOAD: digest, **dict(sorted(header.items()))}
    text = json.dumps({"__metadata__": metadata, **layout}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the payload stays aligned
    if len(text) > LONGEST_HEADER:
        raise FeatherboneError(
            f"the header of {path} would be {len(text):,} bytes; at most {LONGEST_HEADER:,} are allowed"
        )
    text = text.replace(ZEROS.encode(), hashlib.sha256(text).hexdigest().encode(), 1)  # header_sha256 stands first
    with write_atomically(path) as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        file.write(payload)


def read_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors and header texts that ``write_tensors`` wrote, after every check.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/weights.safetensors"
    >>> write_tensors(path, {"mix.weight": torch.ones(2)}, {"seed": "0"})
    >>> tensors, header = read_tensors(path)
    >>> tensors["mix.weight"], header["seed"]
    (tensor([1., 1.]), '0')

    Reading runs no code from the file, and takes memory in proportion to the size that the file really has.

    Raises:
        FeatherboneError: no such file, a pickle, another format, truncated, damaged anywhere, or without checksums.
    """
    content, header, start = _open(path)
    metadata: dict[str, str] = header.get("__metadata__", {})
    stated = {name: metadata.pop(name, "") for name in (HEADER, PAYLOAD)}
    for name, digits in stated.items():
        if len(digits) != len(ZEROS):
            raise FeatherboneError(
                f"{path} has no {name} in its header, so damage could not be noticed",
                hint="featherbone did not write it, or it is damaged",
            )
    text = content[8:start].replace(stated[HEADER].encode(), ZEROS.encode(), 1)
    if hashlib.sha256(text).hexdigest() != stated[HEADER]:
        raise FeatherboneError(f"{path} is damaged: its header does not match its checksum", hint=DAMAGED)
    if hashlib.sha256(memoryview(content)[start:]).hexdigest() != stated[PAYLOAD]:
        raise FeatherboneError(f"{path} is damaged: its tensors do not match their checksum", hint=DAMAGED)
    return _tensors(path, content), metadata


def stated_checksum(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of the payload that a file of ``write_tensors`` states, read from its header alone.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/weights.safetensors"
    >>> write_tensors(path, {"mix.weight": torch.ones(2)}, {})
    >>> stated_checksum(path)[:12]
    '80b8fd6d60fa'

    Raises:
        FeatherboneError: the file cannot be read, or states none.
    """
    with opened(path, most=LARGEST) as file:
        header, _ = _header(path, file)
    stated = header.get("__metadata__", {}).get(PAYLOAD)
    if stated is None:
        raise FeatherboneError(f"{path} states no checksum of its tensors", hint=DAMAGED)
    return str(stated)


def stated_texts(path: str | os.PathLike[str]) -> dict[str, str]:
    """The texts that a header holds, before anything is checked: what kind of file it says that it is.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/weights.safetensors"
    >>> write_tensors(path, {"mix.weight": torch.ones(2)}, {"format": "mine"})
    >>> stated_texts(path)["format"]
    'mine'

    Raises:
        FeatherboneError: the file cannot be read, or is no safetensors file.
    """
    with opened(path, most=LARGEST) as file:
        header, _ = _header(path, file)
    return dict(header.get("__metadata__", {}))


def read_foreign_tensors(path: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """The tensors of any safetensors file, such as another project's weights; there is no checksum to verify.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/weights.safetensors"
    >>> write_tensors(path, {"mix.weight": torch.ones(2)}, {})
    >>> read_foreign_tensors(path)
    {'mix.weight': tensor([1., 1.])}

    Raises:
        FeatherboneError: no such file, a pickle, another format, or truncated.
    """
    return _tensors(path, _open(path)[0])


def _open(path: str | os.PathLike[str]) -> tuple[bytes, dict[str, Any], int]:
    """A safetensors file's bytes, its JSON header, and where its payload starts.

    The header is checked before the payload is read, so that a file that only claims to be one takes no memory.
    """
    with opened(path, most=LARGEST) as file:
        header, start = _header(path, file)
        file.seek(0)
        with damage(path):
            return file.read(), header, start


def _header(path: str | os.PathLike[str], file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The JSON header at the beginning of a file, and where the payload starts."""
    size = os.fstat(file.fileno()).st_size
    beginning = file.read(9)
    length = int.from_bytes(beginning[:8], "little")
    if beginning[8:] != b"{":
        raise _not_safetensors(path, beginning + file.read(HEAD))
    if length > LONGEST_HEADER:
        raise FeatherboneError(
            f"{path} claims a header of {length:,} bytes; at most {LONGEST_HEADER:,} are allowed", hint=DAMAGED
        )
    start = 8 + length
    if start > size:
        raise _truncated(path, size, start)
    try:
        header = parse_json((beginning[8:] + file.read(length - 1)).decode(), "its header")
        texts = header.get("__metadata__", {}).values()
        end = max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
        missing = start + end - size
    except FeatherboneError as error:
        raise FeatherboneError(f"{path} is damaged: {error.sentence}", hint=DAMAGED) from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise FeatherboneError(f"{path} is damaged: its header is not a safetensors header", hint=DAMAGED) from None
    if not all(isinstance(text, str) for text in texts):
        raise FeatherboneError(f"{path} is damaged: its header's metadata is not text", hint=DAMAGED)
    if missing > 0:
        raise _truncated(path, size, start + end)
    return header, start


def _tensors(path: str | os.PathLike[str], content: bytes) -> dict[str, torch.Tensor]:
    with damage(path):
        return safetensors.torch.load(content)


def _truncated(path: str | os.PathLike[str], size: int, promised: int) -> FeatherboneError:
    return FeatherboneError(f"{path} is truncated: {size:,} bytes of at least {promised:,}", hint=DAMAGED)


def _not_safetensors(path: str | os.PathLike[str], content: bytes) -> FeatherboneError:
    """Say what the file is instead, as far as its first bytes tell."""
    from featherbone.nn.foreign.kind import another_kind  # its package reads safetensors by this module

    if len(content) < 9:
        return FeatherboneError(f"{path} is truncated: {len(content)} bytes hold no header", hint=DAMAGED)
    if content.startswith(b"PK") or (content[0] == 0x80 and 2 <= content[1] <= 5):
        return FeatherboneError(
            f"pickles are refused: {path} looks like one, as torch.save writes, and reading a pickle runs its code",
            hint="where you trust it, load it with torch and write its tensors with safetensors.torch.save_file",
        )
    other = another_kind(content)
    if other is not None:
        what, step = other
        return FeatherboneError(f"{path} is no safetensors file: it is {what}", hint=step)
    return FeatherboneError(
        f"{path} is not a safetensors file: it begins with {content[:8]!r}",
        hint="model files end in .safetensors; an .onnx file is read by `featherbone predict`",
    )
