"""The packed file: a network, its weights as coded levels, classes and preprocessing, with nothing to spare.

    bytes  what
    8      89 46 42 4F 4E 45 0D 0A: damage by what takes a file for text is seen here
    1      the version, 1
    16     the first half of the SHA-256 of all that follows
    1–5    length of the texts, as a number of seven bits a byte, the low ones first; likewise of the plain tensors
    …      lines of JSON: graph, classes, preprocessing, provenance, names of plain tensors; LZMA1, no header
    4 · t  the step of each tensor that is coded as levels, float32, the low byte first
    …      plain tensors, float32, the low byte first; LZMA1, no header
    …      the levels (``featherbone.nn.packed.levels``): tensors of two sides and more first, then the others

Tensors stand in the order of the graph's parameters and buffers. A weight is its level times its step, in float32.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError
from featherbone.files import COPY as DAMAGED
from featherbone.files import MOST_TEXT, PACKED, damage, opened, parse_json, read_bytes
from featherbone.graph import Graph, Shape
from featherbone.nn.about import about_texts, read_about
from featherbone.nn.packed.levels import decode_levels, encode_levels
from featherbone.nn.packed.model import Levelled, PackedModel
from featherbone.nn.preprocessing import VERSION as SEEN_VERSION

MAGIC = PACKED
VERSION = 1
CHECKED = 16  # bytes of the checksum
START = len(MAGIC) + 1 + CHECKED
LARGEST = 2**30  # bytes of a file
MOST_WEIGHTS = 2**30
WEIGHTS_A_BYTE, FREE_WEIGHTS = 400, 2**20  # no more levels than this a byte, beside those: what is read stays in bounds
TEXTS = ("graph", "classes", "preprocessing", "provenance", "plain")
# Texts of JSON: no bits of the last byte's place, and none of the byte before, make them smallest.
FILTERS = [{"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 0, "pb": 0}]


def save_packed(path: str | os.PathLike[str], model: PackedModel) -> int:
    """Write a packed model, conventionally ``.fbone``, atomically; how many bytes it takes.

    >>> import tempfile
    >>> import numpy as np
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing
    >>> from featherbone.nn.about import About
    >>> graph = image(1, 8).flatten().linear(2, bias=False, name="last").graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> about = About(graph=graph, classes=("a", "b"), preprocessing=seen, provenance={})
    >>> levels = Levelled(levels=np.eye(2, 64, dtype=np.int16), step=0.5)
    >>> model = PackedModel(about=about, levels={"last.weight": levels})
    >>> path = tempfile.mkdtemp() + "/tiny.fbone"
    >>> save_packed(path, model) < 300, load_packed(path).weights()["last.weight"][0, 0].item()
    (True, 0.5)

    Raises:
        FeatherboneError: a level beyond ±32,767; the file cannot be written, and a previous one is unchanged.
    """
    content = packed_bytes(model)
    with write_atomically(path) as file:
        file.write(content)
    return len(content)


def packed_bytes(model: PackedModel) -> bytes:
    """The content of the file of a packed model."""
    coded, plain = _order(model.about.graph, model.plain)
    texts = {**about_texts(model.about), "plain": json.dumps(plain)}
    about = _squeezed("\n".join(texts[name] for name in TEXTS).encode())
    steps = np.array([model.levels[name].step for name in coded], "<f4").tobytes()
    numbers = [np.ascontiguousarray(model.plain[name].numpy(), "<f4").tobytes() for name in plain]
    rest = _squeezed(b"".join(numbers)) if numbers else b""
    levels = encode_levels([model.levels[name].levels for name in coded])
    count = sum(model.levels[name].levels.size for name in coded)
    levels = levels.ljust(_fewest_bytes(count), b"\0")  # past their end are zeros, for whoever reads them
    body = _number(len(about)) + _number(len(rest)) + about + steps + rest + levels
    return MAGIC + bytes([VERSION]) + _checksum(body) + body


def load_packed(path: str | os.PathLike[str]) -> PackedModel:
    """Read what ``save_packed`` wrote, after every check; no code from the file runs.

    >>> load_packed("no/such/model.fbone")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: ...

    What is read takes memory in proportion to the file.

    Raises:
        FeatherboneError: no packed file, one of another version, truncated or damaged; parts that do not fit.
    """
    content = read_bytes(path, most=LARGEST)
    if not content.startswith(MAGIC):
        raise FeatherboneError(
            f"{path} is no packed model: it begins with {content[:8]!r}", hint="`featherbone pack` writes one"
        )
    if len(content) < START:
        raise FeatherboneError(f"{path} is truncated: {len(content)} bytes", hint=DAMAGED)
    if content[len(MAGIC)] != VERSION:
        raise FeatherboneError(
            f"{path} is a packed file of version {content[len(MAGIC)]}; this featherbone reads {VERSION}",
            hint="install the version of featherbone that wrote it",
        )
    if _checksum(content[START:]) != content[len(MAGIC) + 1 : START]:
        raise FeatherboneError(f"{path} is damaged or truncated: its checksum does not match", hint=DAMAGED)
    try:
        with damage(path):
            return _read(content[START:])
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint or DAMAGED) from None


def is_packed(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as a packed model does.

    Raises:
        FeatherboneError: what ``opened`` refuses.
    """
    with opened(path) as file:
        return file.read(len(MAGIC)) == MAGIC


def _read(body: bytes) -> PackedModel:
    texts_length, at = _read_number(body, 0)
    plain_length, at = _read_number(body, at)
    texts = _texts(_whole(body[at : at + texts_length], MOST_TEXT))
    at += texts_length
    about, named = read_about(texts, SEEN_VERSION), parse_json(texts["plain"], "plain")
    graph = about.graph
    shapes = {**graph.parameters(), **graph.buffers()}
    if not isinstance(named, list) or not all(isinstance(name, str) and name in shapes for name in named):
        raise FeatherboneError("the names of its plain tensors are not a list of the graph's")
    coded, plain = _order(graph, named)
    sizes = {name: prod(int(side) for side in shape) for name, shape in shapes.items()}
    steps = np.frombuffer(body[at : at + 4 * len(coded)], "<f4")
    at += 4 * len(coded)
    if len(steps) != len(coded):
        raise FeatherboneError("it ends within the steps of its tensors")
    wanted = 4 * sum(sizes[name] for name in plain)
    if wanted > LARGEST:
        raise FeatherboneError(f"its plain tensors would have {wanted:,} bytes; at most {LARGEST:,} are read")
    numbers = np.frombuffer(_whole(body[at : at + plain_length], wanted), "<f4") if plain else np.empty(0, "<f4")
    if 4 * len(numbers) != wanted:
        raise FeatherboneError("its plain tensors have fewer numbers than the graph needs")
    levels = body[at + plain_length :]
    count = sum(sizes[name] for name in coded)
    if count > MOST_WEIGHTS or len(levels) < _fewest_bytes(count):
        raise FeatherboneError(f"{len(levels):,} bytes do not hold the {count:,} weights of the graph")
    found = decode_levels(levels, [shapes[name] for name in coded])
    ends = np.cumsum([sizes[name] for name in plain])[:-1].astype(int)
    parts = np.split(numbers.astype(np.float32), ends) if plain else []
    return PackedModel(
        about=about,
        levels={
            name: Levelled(levels=each, step=float(step)) for name, each, step in zip(coded, found, steps, strict=True)
        },
        plain={name: _tensor(part, shapes[name]) for name, part in zip(plain, parts, strict=True)},
    )


def _order(graph: Graph, plain: Any) -> tuple[list[str], list[str]]:
    """The names of coded tensors, those of two sides and more first, and of plain ones."""
    shapes: Mapping[str, Any] = {**graph.parameters(), **graph.buffers()}
    coded = sorted((name for name in shapes if name not in plain), key=lambda name: len(shapes[name]) < 2)
    return coded, [name for name in shapes if name in plain]


def _fewest_bytes(levels: int) -> int:
    return max(0, -(-(levels - FREE_WEIGHTS) // WEIGHTS_A_BYTE))


def _texts(content: bytes) -> dict[str, str]:
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError:
        raise FeatherboneError("its texts are not UTF-8") from None
    if len(lines) != len(TEXTS):
        raise FeatherboneError(f"it has {len(lines)} texts; {len(TEXTS)} are needed: {', '.join(TEXTS)}")
    return dict(zip(TEXTS, lines, strict=True))


def _tensor(numbers: npt.NDArray[np.float32], shape: Shape) -> torch.Tensor:
    return torch.from_numpy(numbers.reshape(tuple(int(side) for side in shape)).copy())


def _squeezed(content: bytes) -> bytes:
    return lzma.compress(content, format=lzma.FORMAT_RAW, filters=FILTERS)


def _whole(content: bytes, most: int) -> bytes:
    """What was squeezed, of at most ``most`` bytes."""
    reader = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=FILTERS)
    try:
        found = reader.decompress(content, max_length=most + 1)
    except lzma.LZMAError as error:
        raise FeatherboneError(f"what was squeezed cannot be read: {error}") from None
    if len(found) > most:
        raise FeatherboneError(f"what was squeezed has more than {most:,} bytes")
    return found


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:CHECKED]


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _read_number(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(body[at : at + 5]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise FeatherboneError("a length of a part is no number")
