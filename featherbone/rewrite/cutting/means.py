"""By which means a network may be cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.resize import resize_graph
from featherbone.rewrite.cutting.prices import Measure

SHARES = (7 / 8, 3 / 4, 5 / 8, 1 / 2)  # of a resolution that are tried


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a cut may take away: channels, whole blocks, and resolution.

    >>> Means(resolutions=(28, 24)).blocks
    True

    - `widths`, `blocks`: whether channels and blocks may go.
    - `resolutions`: smaller ones that may take the place of the network's own.
    - `multiple`: of channels to which widths are cut where they are larger; 1 allows any.

    Raises:
        FeatherboneError: a multiple below 1.
    """

    widths: bool = True
    blocks: bool = True
    resolutions: tuple[int, ...] = ()
    multiple: int = 1

    def __post_init__(self) -> None:
        if self.multiple < 1:
            raise FeatherboneError(f"the multiple is {self.multiple}; it must be at least 1", hint="1 allows any width")


def smaller_resolutions(graph: Graph, limits: Mapping[str, float], measure: Measure) -> tuple[int, ...]:
    """Smaller resolutions that ``graph`` can take and that come nearer to the limits, the largest first.

    >>> from featherbone.cost import count
    >>> from featherbone.networks import network
    >>> from featherbone.rewrite.cutting.prices import Amount
    >>> graph = network("mobilenet_v2")
    >>> smaller_resolutions(graph, {"macs": 150e6}, lambda graph: {"macs": Amount(total=count(graph).macs, nodes={})})
    (192, 160)

    They are about seven eighths, three quarters, five eighths and a half of its own, in steps of what its last map is
    smaller by. One that changes no limited quantity is none, nor one that goes further than the limits ask.
    """
    whole = int(graph.input_shape[-1])
    step = _step(graph, whole)
    before = {what: amount.total for what, amount in measure(graph).items()}
    found: list[int] = []
    for share in SHARES:
        resolution = round(share * whole / step) * step
        if not 0 < resolution < whole or resolution in found:
            continue
        try:
            after = measure(resize_graph(graph, resolution))
        except FeatherboneError:  # the network does not take it
            continue
        totals = {what: after[what].total for what in limits}
        changes = any(totals[what] < before[what] for what in limits)
        too_far = all(totals[what] < limit for what, limit in limits.items())
        if changes and not (too_far and found):
            found.append(resolution)
        if too_far:
            break
    return tuple(found)


def _step(graph: Graph, whole: int) -> int:
    """By how much the smallest map that still has sides is smaller than an image, as far as that divides its side."""
    sides = [int(node.shape[-1]) for node in graph.nodes if len(node.shape) > 2 and int(node.shape[-1]) > 1]
    return gcd(whole, whole // min(sides, default=1))
