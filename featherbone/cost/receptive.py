"""Receptive fields: which window of the input one element of each map can see.

Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019
(doi.org/10.23915/distill.00021), turned around to go from the input on.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from featherbone.graph import Graph, Node
from featherbone.graph.operators import AvgPool, Conv, ConvTranspose, MaxPool, Resize

UNCHANGED = frozenset(
    {"activation", "add", "batch_norm", "channel_shuffle", "concat", "dropout", "multiply", "pad_channels"}
    | {"local_response_norm", "reorder", "slice"}  # neighbours of channels are no neighbours of pixels
)


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """For each side: how many elements of the input are seen, and how many lie between two neighbours' windows.

    ``jump`` is the product of the strides so far; a map that was enlarged may have a fraction.
    """

    size: tuple[Fraction, ...]
    jump: tuple[Fraction, ...]


def receptive_fields(graph: Graph) -> dict[str, ReceptiveField | None]:
    """The receptive field and stride of every node: r + (k - 1)·j and j·s from those of its input.

    >>> from featherbone.graph import image
    >>> x = image(3, 32).conv(8, 3, stride=2, name="stem").depthwise(5, name="wide").global_pool(name="pool")
    >>> fields = receptive_fields(x.graph("tiny"))
    >>> [int(side) for side in fields["wide"].size], [int(step) for step in fields["wide"].jump], fields["pool"]
    ([11, 11], [2, 2], None)

    A dilated kernel counts as what it spans. Where branches meet, the largest counts. ``None`` is where no window
    describes it: after global pooling or flatten, which see everything (so also after squeeze-and-excitation), and
    after an operator outside the vocabulary.
    """
    fields: dict[str, ReceptiveField | None] = {}
    for node in graph.nodes:
        if node.operator.kind == "input":
            sides = len(node.shape) - 1
            fields[node.name] = ReceptiveField((Fraction(1),) * sides, (Fraction(1),) * sides) if sides else None
        else:
            fields[node.name] = _after(node, graph.input_shapes(node), [fields[name] for name in node.inputs])
    return fields


def _after(node: Node, shapes: Any, before: list[ReceptiveField | None]) -> ReceptiveField | None:
    known = [field for field in before if field is not None]
    if not known or len(known) < len(before) or len({len(field.size) for field in known}) > 1:
        return None
    size = tuple(max(sides) for sides in zip(*(field.size for field in known), strict=True))
    jump = tuple(max(steps) for steps in zip(*(field.jump for field in known), strict=True))
    if node.operator.kind in UNCHANGED:
        return ReceptiveField(size, jump)
    window = _window(node, shapes[0])
    if window is None:
        return None
    reach, step = window
    return ReceptiveField(
        tuple(seen + (span - 1) * gap for seen, span, gap in zip(size, reach, jump, strict=True)),
        tuple(gap * stride for gap, stride in zip(jump, step, strict=True)),
    )


def _window(node: Node, shape: Any) -> tuple[list[int], list[Fraction]] | None:
    """For each side, the elements that one result reads, and how far the next one's window is moved."""
    operator: Any = node.operator
    if isinstance(operator, Conv | ConvTranspose):
        spans = [gap * (side - 1) + 1 for side, gap in zip(operator.kernel, operator.dilation, strict=True)]
        if isinstance(operator, Conv):
            return spans, [Fraction(step) for step in operator.stride]
        read = [-(-span // step) for span, step in zip(spans, operator.stride, strict=True)]
        return read, [Fraction(1, step) for step in operator.stride]
    if isinstance(operator, MaxPool | AvgPool):
        return list(operator.kernel), [Fraction(step) for step in operator.stride]
    if isinstance(operator, Resize):
        around = 2 if operator.mode == "bilinear" else 1
        steps = [Fraction(old, new) for old, new in zip(shape[1:], node.shape[1:], strict=True)]
        return [around if step != 1 else 1 for step in steps], steps
    return None
