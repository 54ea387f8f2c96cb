"""Inputs of a model as they are written in a shell: ``3x160x160``, ``ids:128:int64``, ``images:[3x320x320]``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.dimension import LARGEST, LARGEST_VOLUME
from featherbone.nn.capture.inputs import Whole

TYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "complex64": torch.complex64,
    "int64": torch.int64,
    "int32": torch.int32,
    "int16": torch.int16,
    "int8": torch.int8,
    "uint8": torch.uint8,
    "bool": torch.bool,
}
SCALAR = "scalar"
EXAMPLES = "--input 3x160x160, --input ids:128:int64 (the batch is left out)"
MOST_SIDES = 8
_SIZE = re.compile(r"\d+([x×]\d+)*")
_LIST = re.compile(r"\[[^\]]*\]")


def parsed(texts: Iterable[Any]) -> tuple[list[Any], dict[str, Any]]:
    """(inputs in order, inputs by name): texts become sizes or meta tensors, anything else stays what it is.

    >>> given, named = parsed(["3x160x160", "ids:128:int64"])
    >>> given[0], named["ids"].shape, named["ids"].dtype
    ((3, 160, 160), torch.Size([1, 128]), torch.int64)

    A text is ``[NAME:]SIZE[:TYPE]``. The size leaves out the batch, which is one: ``3x160x160``, ``128``, or ``scalar``
    for one number an example. In brackets it is a list of tensors as they stand, as detectors take their images:
    ``[3x320x320,3x240x320]``. Without a type it is the one of the model's weights.

    ``=20x1x64`` is a whole shape, for a model whose leading dimension is no batch.

    Raises:
        FeatherboneError: a text that is none of these; one name twice.
    """
    given: list[Any] = []
    named: dict[str, Any] = {}
    for text in texts:
        name, value = _one(text) if isinstance(text, str) else ("", text)
        if not name:
            given.append(value)
        elif name in named:
            raise FeatherboneError(f"the input {name} is given twice", hint="give each name once")
        else:
            named[name] = value
    return given, named


def by_name(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs that are named already, their texts as sizes or meta tensors: ``{"ids": "128:int64"}``.

    >>> by_name({"ids": "128:int64"})["ids"].shape
    torch.Size([1, 128])
    """
    return {name: parsed([value])[0][0] if isinstance(value, str) else value for name, value in inputs.items()}


def _one(text: str) -> tuple[str, Any]:
    """(name or nothing, what is given)."""
    parts = [part.strip() for part in text.split(":")]
    kind = "" if _is_size(parts[-1]) or len(parts) == 1 else parts.pop()
    size, name = parts.pop(), ":".join(parts)  # names of ONNX files hold dots, colons, slashes and digits
    if not _is_size(size) or " " in name or (parts and not name):
        near = text.strip().strip("()[]").replace(" ", "")
        sides = re.fullmatch(r"\d+([,*;]\d+)+", near)
        raise FeatherboneError(
            f"the input {text[:80]!r} is not [NAME:]SIZE[:TYPE]",
            hint=f"did you mean {re.sub(r'[,*;]', 'x', near)}?" if sides else f"such as {EXAMPLES}",
        )
    if kind and kind not in TYPES:
        raise FeatherboneError(
            f"the input {text[:80]!r} has the unknown type {kind[:20]!r}", hint=did_you_mean(kind, TYPES)
        )
    if size.startswith("="):
        return name, Whole(_tensor(text, size[1:], kind or "float32", ()))
    if not kind and size != SCALAR and not size.startswith("["):
        return name, tuple(_tensor(text, size, "float32", ()).shape)
    kind = kind or "float32"
    if size.startswith("["):
        return name, [_tensor(text, one.strip(), kind, ()) for one in size[1:-1].split(",")]
    return name, _tensor(text, "" if size == SCALAR else size, kind, (1,))


def _is_size(text: str) -> bool:
    if _LIST.fullmatch(text):
        return all(_SIZE.fullmatch(one.strip()) for one in text[1:-1].split(","))
    return text == SCALAR or _SIZE.fullmatch(text.removeprefix("=")) is not None


def _tensor(text: str, size: str, kind: str, batch: tuple[int, ...]) -> torch.Tensor:
    words = re.split("[x×]", size) if size else []
    sides = tuple(int(word) if len(word) < 20 else LARGEST + 1 for word in words)
    volume = 1
    for side in sides:
        volume *= side
        if not 1 <= side <= LARGEST or volume > LARGEST_VOLUME or len(sides) > MOST_SIDES:
            raise FeatherboneError(
                f"the input {text[:80]!r} holds a size below 1, or has too many values",
                hint=f"sides of 1 to {LARGEST:,}, at most {MOST_SIDES} of them",
            )
    return torch.empty((*batch, *sides), dtype=TYPES[kind], device="meta")
