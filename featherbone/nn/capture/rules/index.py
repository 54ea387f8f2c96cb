"""Parts of a tensor: slices and orders of channels, and subsampling, are of the vocabulary; others opaque and free."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from featherbone.graph.operators import MaxPool, Reorder, Slice
from featherbone.nn.capture.call_arguments import axis, is_batched, is_map
from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.rules.arrange import reshape_to
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer


def getitem(tracer: Tracer, input: Any, index: Any) -> Any:
    """Slices, whole numbers, ``None`` and ``...``; what is indexed by a tensor takes the general route."""
    if type(input) is not Traced or input.entry is None:
        raise NoRule
    items = list(index) if isinstance(index, tuple) else [index]
    whole = isinstance(items[0], slice) and items[0] == slice(None)  # a traced tensor can't be compared
    if len(items) == 2 and whole and isinstance(items[1], list) and is_order(input, items[1]):
        return reorder(tracer, input, items[1])
    if any(item is not None and item is not Ellipsis and type(item) not in (int, slice) for item in items):
        raise NoRule
    rank = len(input._size)
    given = sum(item is not None and item is not Ellipsis for item in items)
    if Ellipsis in items:
        place = items.index(Ellipsis)
        items[place : place + 1] = [slice(None)] * (rank - given)
    else:
        items += [slice(None)] * (rank - given)
    ranges: dict[int, range] = {}
    full: list[int] = []
    for item in items:
        if item is None:
            full.append(1)
            continue
        place = len(ranges)
        size = input._size[place]
        if isinstance(item, int):
            if not -size <= item < size:
                raise IndexError(f"index {item} is outside a side of {size}")
            ranges[place] = range(axis(item, size), axis(item, size) + 1)
            continue
        ranges[place] = range(size)[item]
        full.append(len(ranges[place]))
    return reshape_to(tracer, _part(tracer, input, ranges), tuple(full))


def is_order(input: Traced, order: list[Any]) -> bool:
    """Whether ``input[:, order]`` has all channels, each once."""
    whole = is_batched(input) and all(type(place) is int for place in order)
    return whole and sorted(order) == list(range(input._size[1]))


def reorder(tracer: Tracer, input: Traced, order: list[int]) -> Traced:
    return tracer.emit(Reorder(order=tuple(order)), (input,), "reorder", moves=True)


def _part(tracer: Tracer, input: Traced, ranges: dict[int, range]) -> Traced:
    """The values at these places of these axes, and everything along the other axes; no axis is dropped."""
    size = input._size
    cut = [place for place, part in ranges.items() if len(part) != size[place]]
    if not cut:
        return input
    if cut == [1] and is_batched(input) and ranges[1].step == 1 and len(ranges[1]):
        return tracer.emit(_channels(ranges[1].start, ranges[1].stop), (input,), "slice", moves=True)
    full = [len(ranges[place]) if place in ranges else side for place, side in enumerate(size)]
    if is_map(input) and min(cut) > 1:
        rest = [ranges.get(place, range(side)) for place, side in enumerate(size[2:], 2)]
        steps = tuple(part.step for part in rest)
        if all(
            part.start == 0 and len(part) == (side - 1) // part.step + 1
            for part, side in zip(rest, size[2:], strict=True)
        ):
            operator = MaxPool(kernel=(1,) * len(rest), stride=steps, padding=((0, 0),) * len(rest))
            return tracer.emit(operator, (input,), "subsample")
    return tracer.opaque("slice", (input,), full, moves=True)


@lru_cache(maxsize=4096)
def _channels(start: int, stop: int) -> Slice:
    return Slice(start=start, stop=stop)


def narrow(tracer: Tracer, input: Traced, dim: int, start: int, length: int) -> Traced:
    return _part(tracer, input, {axis(dim, len(input._size)): range(start, start + length)})


def aten_slice(
    tracer: Tracer, input: Traced, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Traced:
    """aten's own form of a slice along one axis."""
    place = axis(dim, len(input._size))
    return _part(tracer, input, {place: range(input._size[place])[start:end:step]})


def select(tracer: Tracer, input: Traced, dim: int, index: int) -> Any:
    place = axis(dim, len(input.shape))
    return getitem(tracer, input, (*[slice(None)] * place, index))


def split(tracer: Tracer, input: Traced, split_size: Any, dim: int = 0) -> tuple[Traced, ...]:
    size = input._size[axis(dim, len(input._size))]
    if isinstance(split_size, int):
        parts = [min(split_size, size - start) for start in range(0, size, split_size)]
    else:
        parts = [int(part) for part in split_size]
    if sum(parts) != size:
        raise ValueError(f"parts {parts} are not the {size} values of the axis")
    return _parts(tracer, input, parts, dim)


def chunk(tracer: Tracer, input: Traced, chunks: int, dim: int = 0) -> tuple[Traced, ...]:
    size = input._size[axis(dim, len(input._size))]
    return split(tracer, input, -(-size // chunks), dim)


def unbind(tracer: Tracer, input: Traced, dim: int = 0) -> tuple[Traced, ...]:
    place = axis(dim, len(input.shape))
    parts = _parts(tracer, input, [1] * input.shape[place], dim)
    full = tuple(size for other, size in enumerate(input.shape) if other != place)
    return tuple(reshape_to(tracer, part, full) for part in parts)


def _parts(tracer: Tracer, input: Traced, parts: list[int], dim: int) -> tuple[Traced, ...]:
    """The parts of an axis, which they fill."""
    size = input._size
    place = axis(dim, len(size))
    channels = place == 1 and len(parts) > 1 and min(parts) > 0 and is_batched(input)
    made, start = [], 0
    for part in parts:
        if channels:
            full, operator = (1, part, *size[2:]), _channels(start, start + part)
            made.append(tracer.emit(operator, (input,), "slice", moves=True, full=full))
        else:
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
