"""Parts of a tensor: slices of channels and subsampling are of the vocabulary, other parts are opaque and free."""

from __future__ import annotations

from typing import Any

from featherbone.graph.operators import MaxPool, Slice
from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.common import axis, is_batched, is_map
from featherbone.nn.capture.rules.arrange import reshape_to
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer


def getitem(tracer: Tracer, input: Any, index: Any) -> Any:
    """Slices, whole numbers, ``None`` and ``...``; what is indexed by a tensor takes the general route."""
    if type(input) is not Traced or input.entry is None:
        raise NoRule
    items = list(index) if isinstance(index, tuple) else [index]
    if any(item is not None and item is not Ellipsis and type(item) not in (int, slice) for item in items):
        raise NoRule
    rank = len(input.shape)
    given = sum(item is not None and item is not Ellipsis for item in items)
    if Ellipsis in items:
        place = items.index(Ellipsis)
        items[place : place + 1] = [slice(None)] * (rank - given)
    else:
        items += [slice(None)] * (rank - given)
    ranges, full, kept = [], [], []
    dim = 0
    for item in items:
        if item is None:
            full.append(1)
            continue
        size = input.shape[dim]
        dim += 1
        if isinstance(item, int):
            if not -size <= item < size:
                raise IndexError(f"index {item} is outside a side of {size}")
            ranges.append(range(axis(item, size), axis(item, size) + 1))
            continue
        ranges.append(range(size)[item])
        full.append(len(ranges[-1]))
        kept.append(len(ranges[-1]))
    part = _part(tracer, input, ranges)
    return reshape_to(tracer, part, tuple(full)) if tuple(full) != tuple(part.shape) else part


def _part(tracer: Tracer, input: Traced, ranges: list[range]) -> Traced:
    """The values at these places of each axis, with no axis dropped."""
    whole = [len(part) == size for part, size in zip(ranges, input.shape, strict=True)]
    if all(whole):
        return input
    rest = ranges[2:]
    if is_batched(input) and whole[0] and all(whole[2:]) and ranges[1].step == 1 and len(ranges[1]):
        return tracer.emit(Slice(start=ranges[1].start, stop=ranges[1].stop), (input,), "slice", moves=True)
    if is_map(input) and whole[0] and whole[1]:
        steps = tuple(part.step for part in rest)
        sides = zip(rest, input.shape[2:], strict=True)
        if all(part.start == 0 and len(part) == (size - 1) // part.step + 1 for part, size in sides):
            return tracer.emit(
                MaxPool(kernel=(1,) * len(rest), stride=steps, padding=((0, 0),) * len(rest)), (input,), "subsample"
            )
    return tracer.opaque("slice", (input,), [len(part) for part in ranges], moves=True)


def narrow(tracer: Tracer, input: Traced, dim: int, start: int, length: int) -> Traced:
    place = axis(dim, len(input.shape))
    ranges = [range(size) for size in input.shape]
    ranges[place] = range(start, start + length)
    return _part(tracer, input, ranges)


def aten_slice(
    tracer: Tracer, input: Traced, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Traced:
    """aten's own form of a slice along one axis."""
    place = axis(dim, len(input.shape))
    ranges = [range(size) for size in input.shape]
    ranges[place] = ranges[place][start:end:step]
    return _part(tracer, input, ranges)


def select(tracer: Tracer, input: Traced, dim: int, index: int) -> Any:
    place = axis(dim, len(input.shape))
    return getitem(tracer, input, (*[slice(None)] * place, index))


def split(tracer: Tracer, input: Traced, split_size: Any, dim: int = 0) -> tuple[Traced, ...]:
    size = input.shape[axis(dim, len(input.shape))]
    if isinstance(split_size, int):
        parts = [min(split_size, size - start) for start in range(0, size, split_size)]
    else:
        parts = [int(part) for part in split_size]
    if sum(parts) != size:
        raise ValueError(f"parts {parts} are not the {size} values of the axis")
    return _parts(tracer, input, parts, dim)


def chunk(tracer: Tracer, input: Traced, chunks: int, dim: int = 0) -> tuple[Traced, ...]:
    size = input.shape[axis(dim, len(input.shape))]
    return split(tracer, input, -(-size // chunks), dim)


def unbind(tracer: Tracer, input: Traced, dim: int = 0) -> tuple[Traced, ...]:
    place = axis(dim, len(input.shape))
    parts = _parts(tracer, input, [1] * input.shape[place], dim)
    full = tuple(size for other, size in enumerate(input.shape) if other != place)
    return tuple(reshape_to(tracer, part, full) for part in parts)


def _parts(tracer: Tracer, input: Traced, parts: list[int], dim: int) -> tuple[Traced, ...]:
    place = axis(dim, len(input.shape))
    made, start = [], 0
    for part in parts:
        made.append(narrow(tracer, input, place, start, part))
        start += part
    return tuple(made)


def iterate(tracer: Tracer, input: Traced) -> Any:
    return iter(unbind(tracer, input))


def setitem(tracer: Tracer, input: Any, index: Any, value: Any) -> Traced:
    return tracer.opaque("assign", (input, value), input.shape, dtype=input.dtype)


RULES: dict[str, Rule] = {
    "getitem": getitem,
    "narrow": narrow,
    "select": select,
    "slice": aten_slice,
    "split": split,
    "split_with_sizes": split,
    "chunk": chunk,
    "unbind": unbind,
    "iter": iterate,
    "setitem": setitem,
}
