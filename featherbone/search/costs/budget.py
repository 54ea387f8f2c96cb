"""What a network may cost: limits that are known before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from featherbone.cost import count, peak_memory
from featherbone.cost.budget_gate import read_budget
from featherbone.cost.limit import Limit
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.quantities import DESIGNED, LIMITED, QUANTITIES, name_of
from featherbone.search.costs.file_size import FILE_HEAD, float_bytes, int8_bytes, text_bytes
from featherbone.search.costs.latency_limit import LatencyLimit


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a network costs, in the units of a budget.

    >>> from featherbone.graph import image
    >>> graph = image(1, 8).conv(4, 3).norm().act("relu").global_pool().flatten().linear(10).graph("tiny")
    >>> costs = costs_of(graph)
    >>> costs.macs, costs.params, costs.peak_memory
    (2344, 94, 1280)
    """

    macs: int  # multiply-adds of one image, as the papers count
    params: int  # trained numbers
    peak_memory: int  # peak bytes of activations, float32, one image
    size: int  # bytes of the model file, float32: an upper bound
    int8_size: int = 0  # the same with 8-bit weights
    latency: float | None = None  # milliseconds, where they were predicted or measured


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits on a network; None is no limit.

    >>> budget = Budget(macs=300_000, params=20_000)
    >>> budget.breaches(Costs(macs=310_000, params=12_000, peak_memory=4096, size=60_000))
    ('macs',)
    >>> str(budget)
    '300000 MACs, 20000 parameters'

    ``peak_memory`` is the peak of the activations in bytes of float32; ``size`` is the model file in bytes with float32
    weights, ``int8_size`` with 8-bit ones (see ``file_size``); ``latency`` names a runtime and its threads.

    Raises:
        FeatherboneError: no limit at all; a limit that is not a whole number above 0.
    """

    macs: int | None = None
    params: int | None = None
    peak_memory: int | None = None
    size: int | None = None
    int8_size: int | None = None
    latency: LatencyLimit | None = None

    def __post_init__(self) -> None:
        for name in DESIGNED:
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

    @staticmethod
    def read(text: str = "", /, *, runtime: str = "onnxruntime", threads: int = 1, **limits: str | None) -> Budget:
        """A budget as people write it: in one line, or each limit by its flag.

        >>> Budget.read("macs<=300M, params < 80k, memory<=512KiB")
        Budget(macs=300000000, params=79999, peak_memory=524288, size=None, int8_size=None, latency=None)
        >>> Budget.read(macs="300M", latency="10ms") == Budget.read("macs<=300M latency<=10ms")
        True

        Raises:
            FeatherboneError: what ``read_budget`` refuses; a quantity that a search cannot limit; one that is limited
                twice, or from below.
        """
        found = list(read_budget(text, LIMITED)) if text else []
        for key, said in limits.items():
            if said is not None:
                name = name_of(key, LIMITED)
                found.append(Limit.read(name, said, among=LIMITED, said=QUANTITIES[name].option))
        bounds: dict[str, Any] = {}
        for limit in found:
            if limit.what in bounds:
                raise FeatherboneError(f"{limit.what} is limited twice", hint="write one limit for each quantity")
            bounds[limit.what] = _most(limit)
        if "latency" in bounds:
            bounds["latency"] = LatencyLimit(ms=bounds["latency"], runtime=runtime, threads=threads)
        return Budget(**bounds)

    def to_json(self) -> dict[str, Any]:
        """The limits by their flags, None where there is none; that on latency with its runtime and threads."""
        return {QUANTITIES[name].flag: limit for name, limit in asdict(self).items()}

    def limits(self) -> dict[str, int | float]:
        """The limits that are set, by name; latency in milliseconds."""
        found = {name: getattr(self, name) for name in DESIGNED}
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


def _most(limit: Limit) -> float:
    """The largest value that an upper limit allows; of a time, which is never exactly its limit, the limit itself."""
    if limit.sign not in ("<", "<="):
        raise FeatherboneError(
            f"a search limits {limit.what} from above, and {str(limit)!r} does not", hint="write it with < or <="
        )
    return limit.bound - 1 if limit.sign == "<" and limit.what in DESIGNED else limit.bound


def costs_of(graph: Graph, *, file_head: int = FILE_HEAD) -> Costs:
    """The costs of a network, exact except the sizes, which a written file stays below.

    >>> from featherbone.graph import image
    >>> found = costs_of(image(3, 8).conv(4, 3).global_pool().flatten().linear(2).graph("tiny"))
    >>> found.macs, found.params, found.peak_memory
    (6920, 118, 1792)

    A file also holds class names, preprocessing and provenance, for which ``file_head`` bytes are reserved.
    """
    counted = count(graph)
    texts = text_bytes(graph) + file_head
    return Costs(
        macs=int(counted.macs),
        params=int(counted.params),
        peak_memory=peak_memory(graph).bytes,
        size=float_bytes(graph) + texts,
        int8_size=int8_bytes(graph) + texts,
    )


def describe(limits: Mapping[str, Any]) -> str:
    """Limits in words.

    >>> describe({"macs": 1000, "peak_memory": 4096})
    '1000 MACs, 4096 bytes of peak memory'
    """
    return ", ".join(f"{value} {QUANTITIES[name].unit}" for name, value in limits.items())


def flag(name: str, limit: float) -> str:
    """A limit as the command line takes it.

    >>> flag("peak_memory", 4096), flag("int8_size", 100_000), flag("latency", 2.5)
    ('--memory 4096B', '--int8-size 100000B', '--latency 2.5ms')
    """
    return f"{QUANTITIES[name].option} {QUANTITIES[name].text(limit)}"
