"""Padding: merged into the convolution or pooling that reads it, or into the channels; else opaque."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from featherbone.graph.operators import PadChannels
from featherbone.nn.capture.call_arguments import is_map
from featherbone.nn.capture.entry import TracedOperator
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer

Edges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pad:
    """What was padded, by (before, after) for the channels and each side, with which value."""

    source: TracedOperator
    edges: Edges
    value: float


def pad(tracer: Tracer, input: Traced, pad: Any, mode: str = "constant", value: Any = None) -> Traced:
    """torch names the last side first."""
    amounts = [int(amount) for amount in pad]
    pairs = list(zip(amounts[::2], amounts[1::2], strict=True))[::-1]
    full = list(input.shape)
    for place, (before, after) in enumerate(pairs, len(full) - len(pairs)):
        full[place] += before + after
    if not any(amounts):
        return input
    fill = float(value or 0)
    plain = mode == "constant" and is_map(input) and len(pairs) < len(full) and min(amounts) >= 0
    edges: Edges = ((0, 0),) * (len(full) - 1 - len(pairs)) + tuple(pairs)
    if plain and fill == 0 and not any(map(any, edges[1:])):
        before, after = edges[0]
        return tracer.emit(PadChannels(before=before, after=after), (input,), "pad_channels")
    detail = Pad(input.entry, edges, fill) if plain and input.entry is not None else None
    return tracer.opaque("pad", (input,), full, moves=True, detail=detail)


def absorbed(input: Traced, pads: Edges, value: float) -> tuple[Traced, Edges]:
    """What stands under a padding of the sides by ``value``, and both paddings together."""
    found = input.entry.detail if input.entry is not None else None
    if type(found) is Pad and found.value == value and found.edges[0] == (0, 0):
        return input.of(found.source), tuple(
            (a + c, b + d) for (a, b), (c, d) in zip(pads, found.edges[1:], strict=True)
        )
    return input, pads
