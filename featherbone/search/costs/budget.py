"""What a network may cost: limits that are known before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from featherbone.cost import count, peak_memory
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.search.costs.file_size import FILE_HEAD, float_bytes, int8_bytes, text_bytes
from featherbone.search.costs.latency_limit import LatencyLimit

ANALYTIC = ("macs", "params", "memory", "size", "int8_size")  # known exactly from the design alone
LIMITS = (*ANALYTIC, "latency")


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a network costs, in the units of a budget.

    >>> from featherbone.graph import image
    >>> graph = image(1, 8).conv(4, 3).norm().act("relu").global_pool().flatten().linear(10).graph("tiny")
    >>> costs = costs_of(graph)
    >>> costs.macs, costs.params, costs.memory
    (2344, 94, 1280)
    """

    macs: int  # multiply-adds of one image, as the papers count
    params: int  # trained numbers
    memory: int  # peak bytes of activations, float32, one image
    size: int  # bytes of the model file, float32: an upper bound
    int8_size: int = 0  # the same with 8-bit weights
    latency: float | None = None  # milliseconds, where they were predicted or measured


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits on a network; None is no limit.

    >>> budget = Budget(macs=300_000, params=20_000)
    >>> budget.breaches(Costs(macs=310_000, params=12_000, memory=4096, size=60_000))
    ('macs',)
    >>> str(budget)
    '300000 MACs, 20000 parameters'

    ``memory`` is the peak of the activations in bytes of float32; ``size`` is the model file in bytes with float32
    weights, ``int8_size`` with 8-bit ones (see ``file_size``); ``latency`` names a runtime and its threads.

    Raises:
        FeatherboneError: no limit at all; a limit that is not a whole number above 0.
    """

    macs: int | None = None
    params: int | None = None
    memory: int | None = None
    size: int | None = None
    int8_size: int | None = None
    latency: LatencyLimit | None = None

    def __post_init__(self) -> None:
        for name in ANALYTIC:
            limit = getattr(self, name)
            if limit is not None and (type(limit) is not int or limit <= 0):
                raise FeatherboneError(
                    f"the budget's {name} is {limit!r}; it must be a whole number above 0",
                    hint="leave a limit out where there is none",
                )
        if self.latency is not None and not isinstance(self.latency, LatencyLimit):
            raise FeatherboneError(
                f"the budget's latency is {self.latency!r}; it must name its runtime and threads",
                hint='for example LatencyLimit(ms=10, runtime="onnxruntime", threads=1)',
            )
        if not self.limits():
            raise FeatherboneError(
                "a budget needs at least one limit", hint="for example --macs 300k, --params 20k, --memory 64KiB"
            )

    def limits(self) -> dict[str, int | float]:
        """The limits that are set, by name; latency in milliseconds."""
        found = {name: getattr(self, name) for name in ANALYTIC}
        found["latency"] = None if self.latency is None else self.latency.ms
        return {name: limit for name, limit in found.items() if limit is not None}

    def counted(self) -> Budget | None:
        """The limits on what is known exactly, without measuring; None where there are none."""
        limits = {name: limit for name, limit in self.limits().items() if name != "latency"}
        return replace(self, latency=None) if limits else None

    def breaches(self, costs: Costs) -> tuple[str, ...]:
        """The names of the limits that ``costs`` exceeds; empty where the network fits.

        Raises:
            FeatherboneError: latency is limited, and ``costs`` does not know it.
        """
        return tuple(name for name, share in zip(self.limits(), self.uses(costs), strict=True) if share > 1)

    def use(self, costs: Costs) -> float:
        """The share of the limit that is used most: 1 is full, above 1 is too much."""
        return max(self.uses(costs))

    def uses(self, costs: Costs) -> tuple[float, ...]:
        """The share of each limit that is used."""
        if self.latency is not None and costs.latency is None:
            raise self.latency.unknown()
        return tuple(float(getattr(costs, name) / limit) for name, limit in self.limits().items())

    def __str__(self) -> str:
        return describe(self.limits())


def costs_of(graph: Graph, *, file_head: int = FILE_HEAD) -> Costs:
    """The costs of a network, exact except the sizes, which a written file stays below.

    A file also holds class names, preprocessing and provenance, for which ``file_head`` bytes are reserved.
    """
    counted = count(graph)
    texts = text_bytes(graph) + file_head
    return Costs(
        macs=int(counted.macs),
        params=int(counted.params),
        memory=peak_memory(graph).bytes,
        size=float_bytes(graph) + texts,
        int8_size=int8_bytes(graph) + texts,
    )


UNITS = {
    "macs": "MACs",
    "params": "parameters",
    "memory": "bytes of peak memory",
    "size": "bytes of model file",
    "int8_size": "bytes of int8 model file",
    "latency": "ms",
}


def describe(limits: Mapping[str, Any]) -> str:
    """Limits in words.

    >>> describe({"macs": 1000, "memory": 4096})
    '1000 MACs, 4096 bytes of peak memory'
    """
    return ", ".join(f"{value} {UNITS[name]}" for name, value in limits.items())


def flag(name: str, limit: float) -> str:
    """A limit as the command line takes it.

    >>> flag("memory", 4096), flag("int8_size", 100_000), flag("latency", 2.5)
    ('--memory 4096B', '--int8-size 100000B', '--latency 2.5ms')
    """
    unit = "B" if name in ("memory", "size", "int8_size") else "ms" if name == "latency" else ""
    return f"--{name.replace('_', '-')} {limit}{unit}"
