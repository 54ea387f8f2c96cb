"""How long layers take as they are and in their forms, each alone, measured on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from featherbone.graph import Graph, Shape
from featherbone.graph.operators import Operator, Reorder
from featherbone.progress import Progress, Reading, Step
from featherbone.rewrite.factorizing import FactorizedLayer
from featherbone.rewrite.factorizing.form import alone

SECONDS = 0.25  # that each is measured for


class ChainTime(NamedTuple):
    """Milliseconds of a layer as it is and in its form: the medians."""

    whole: float
    chain: float


def chain_times(graph: Graph, chosen: Sequence[FactorizedLayer], progress: Progress) -> tuple[ChainTime, ...]:
    """For each of these layers of a graph its time and that of its form, in turns, on one thread of ONNX Runtime.

    Layers that are alike are measured once.
    """
    from featherbone.measure import measure, prepared

    known: dict[tuple[Shape, Operator, tuple[Operator, ...]], ChainTime] = {}
    found = []
    progress(Step(name="time", detail="of each layer alone"))
    for done, each in enumerate(chosen):
        progress(Reading(what="timing layers", done=done, total=len(chosen), unit="layers"))
        node = graph[each.layer]
        (read,) = graph.input_shapes(node)
        key = read, node.operator, tuple(_alike(operator) for operator in each.operators)
        if key not in known:
            pair = [alone("whole", (node.operator,), read), alone("chain", each.operators, read)]
            with prepared(pair, ["onnxruntime"]) as subjects:
                whole, chain = measure(subjects, seconds=SECONDS)
            known[key] = ChainTime(whole.times.p50_ms, chain.times.p50_ms)
        found.append(known[key])
    return tuple(found)


def _alike(operator: Operator) -> Operator:
    """The operator, or one that takes as long: an order of channels is as good as another."""
    return Reorder(order=tuple(range(len(operator.order)))) if isinstance(operator, Reorder) else operator
