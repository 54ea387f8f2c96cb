"""What a network has of each quantity that a budget limits, and which nodes it has it in: what a cut goes by."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.cost import count, peak_memory
from featherbone.graph import Graph
from featherbone.graph.operators import Conv
from featherbone.job.clock import Clock, clock_of
from featherbone.rewrite.cutting.prices import Amount, Measure
from featherbone.search.costs.budget import Budget, costs_of
from featherbone.search.costs.file_size import TEXTS

FLOAT, INT8 = 4.0, 1.0  # bytes of a parameter
MACS_A_BYTE = 8.0  # multiply-adds that a core does while it moves a byte: which nodes a latency is shared by, roughly


def measure_of(budget: Budget, clock: Clock | None = None) -> Measure:
    """What says of a graph without norms how much it will have, with norms again, of what ``budget`` limits.

    >>> from featherbone.networks import network
    >>> found = measure_of(Budget(macs=1000, params=100))(network("mlperf_tiny_resnet8"))
    >>> found["macs"].total, round(found["params"].nodes["head.classifier"])
    (12501632.0, 650)

    A bias of a convolution counts twice, as scale and shift of a norm. Latency is measured, by ``clock`` or as the
    budget says, and shared out to nodes by their arithmetic and their bytes.
    """
    rules: dict[str, Callable[[Graph], Amount]] = {
        "macs": _macs,
        "params": lambda graph: _params(graph, 1.0, int(count(graph).params) + _biases(graph)),
        "peak_memory": _peak_memory,
        "size": lambda graph: _params(graph, FLOAT, costs_of(graph).size + _norms(graph)),
        "int8_size": lambda graph: _params(graph, INT8, costs_of(graph).int8_size),
    }
    if budget.latency is not None:
        timed = clock or clock_of(budget.latency)
        rules["latency"] = lambda graph: Amount(total=timed(graph), nodes=_latency_shares(graph))
    asked = {name: rules[name] for name in budget.limits()}
    return lambda graph: {name: rule(graph) for name, rule in asked.items()}


def _macs(graph: Graph) -> Amount:
    counted = count(graph)
    return Amount(total=float(counted.macs), nodes={row.name: float(row.macs) for row in counted.rows if row.macs != 0})


def _params(graph: Graph, bytes_each: float, total: int) -> Amount:
    rows = count(graph).rows
    return Amount(total=float(total), nodes={row.name: bytes_each * float(row.params) for row in rows if row.params})


def _biases(graph: Graph) -> int:
    return sum(int(node.shape[0]) for node in graph.nodes if isinstance(node.operator, Conv) and node.operator.bias)


def _norms(graph: Graph) -> int:
    """Bytes in a file that norms in place of biases take more: three numbers of each channel, and their texts."""
    norms = sum(isinstance(node.operator, Conv) and node.operator.bias for node in graph.nodes)
    return int(3 * FLOAT) * _biases(graph) + TEXTS["batch_norm"] * norms


def _peak_memory(graph: Graph) -> Amount:
    peak = peak_memory(graph)
    return Amount(total=float(peak.bytes), nodes={live.name: float(live.bytes) for live in peak.live})


def _latency_shares(graph: Graph) -> dict[str, float]:
    """Seconds of each node, but for a factor."""
    return {
        row.name: float(row.macs) + MACS_A_BYTE * FLOAT * float(row.activations)
        for row in count(graph).rows
        if row.macs or row.activations
    }
