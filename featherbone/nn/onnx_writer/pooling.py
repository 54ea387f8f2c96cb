"""Pooling as ONNX, with the padding of every window written out.

What ``ceil_mode`` means at the far edge differs between versions of ONNX and of runtimes; padding that says how far the
last window reaches does not.
"""

from __future__ import annotations

from typing import Any

from featherbone.graph import operators as op
from featherbone.nn.onnx_writer.layers import edges
from featherbone.nn.onnx_writer.site import Site

Pads = tuple[tuple[int, int], ...]


def max_pool(operator: op.MaxPool, site: Site) -> None:
    site.emit("MaxPool", kernel_shape=operator.kernel, strides=operator.stride, pads=edges(_reached(operator, site)))


def avg_pool(operator: op.AvgPool, site: Site) -> None:
    pads, stated = _reached(operator, site), tuple((int(before), int(after)) for before, after in operator.padding)
    settings: dict[str, Any] = {"kernel_shape": operator.kernel, "strides": operator.stride}
    beyond = tuple(max(0, after - last) for (_, after), (_, last) in zip(pads, stated, strict=True))
    if operator.count_padding and any(beyond):
        # The stated padding counts, and what the last windows reach beyond it does not: ONNX has one kind of padding,
        # so the first kind becomes a part of the map.
        padded = site.step("padded", "Pad", [*site.reads, site.numbers("edges", [0, 0, *_halves(stated)])])
        none = (0,) * len(beyond)
        site.emit("AveragePool", [padded], pads=[*none, *beyond], **settings)
        return
    counted = operator.count_padding and any(map(any, pads))
    settings |= {"count_include_pad": 1} if counted else {}
    site.emit("AveragePool", pads=edges(pads), **settings)


def global_pool(operator: op.GlobalPool, site: Site) -> None:
    axes = site.numbers("sides", [-1 - place for place in range(len(site.sides))])
    site.emit("ReduceMean" if operator.reduce == "avg" else "ReduceMax", [*site.reads, axes], keepdims=1)


def _reached(operator: op.MaxPool | op.AvgPool, site: Site) -> Pads:
    """Before and after each side: how far the windows reach over the map."""
    found: list[tuple[int, int]] = []
    for place, size in enumerate(site.sides):
        before, count = int(operator.padding[place][0]), int(site.node.shape[1 + place])
        end = (count - 1) * int(operator.stride[place]) + int(operator.kernel[place])
        found.append((before, max(0, end - before - size)))
    return tuple(found)


def _halves(pads: Pads) -> list[int]:
    """The pads of a ``Pad`` after the first two: befores, then two zeros for batch and channels, then afters."""
    befores, afters = [before for before, _ in pads], [after for _, after in pads]
    return [*befores, 0, 0, *afters]
