"""What a network may cost: limits that are known before anything is trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from featherbone.cost import count, peak_memory
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, to_json
from featherbone.graph.dimension import volume

LIMITS = ("macs", "params", "memory", "size")
FILE_HEAD = 2560  # bytes of a model file besides tensors and graph: checksums, preprocessing, provenance


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


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits on a network; None is no limit.

    >>> budget = Budget(macs=300_000, params=20_000)
    >>> budget.breaches(Costs(macs=310_000, params=12_000, memory=4096, size=60_000))
    ('macs',)
    >>> str(budget)
    '300000 MACs, 20000 parameters'

    ``memory`` is the peak of the activations in bytes of float32; ``size`` the model file in bytes.

    Raises:
        FeatherboneError: no limit at all; a limit that is not a whole number above 0.
    """

    macs: int | None = None
    params: int | None = None
    memory: int | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        for name in LIMITS:
            limit = getattr(self, name)
            if limit is not None and (type(limit) is not int or limit <= 0):
                raise FeatherboneError(
                    f"the budget's {name} is {limit!r}; it must be a whole number above 0",
                    hint="leave a limit out where there is none",
                )
        if not self.limits():
            raise FeatherboneError(
                "a budget needs at least one limit", hint="for example --macs 300k, --params 20k, --memory 64KiB"
            )

    def limits(self) -> dict[str, int]:
        """The limits that are set, by name."""
        return {name: limit for name, limit in asdict(self).items() if limit is not None}

    def breaches(self, costs: Costs) -> tuple[str, ...]:
        """The names of the limits that ``costs`` exceeds; empty where the network fits."""
        return tuple(name for name, limit in self.limits().items() if getattr(costs, name) > limit)

    def use(self, costs: Costs) -> float:
        """The share of the limit that is used most: 1 is full, above 1 is too much."""
        return max(self.uses(costs))

    def uses(self, costs: Costs) -> tuple[float, ...]:
        """The share of each limit that is used."""
        return tuple(float(getattr(costs, name) / limit) for name, limit in self.limits().items())

    def __str__(self) -> str:
        return describe(self.limits())


def costs_of(graph: Graph, *, file_head: int = FILE_HEAD) -> Costs:
    """The costs of a network, exact except ``size``, which a written file stays below.

    A file also holds class names, preprocessing and provenance, for which ``file_head`` bytes are reserved.
    """
    counted = count(graph)
    tensors = {**graph.parameters(), **graph.buffers()}
    numbers = sum(int(volume(shape)) for shape in tensors.values())
    payload = 4 * numbers
    layout = {
        name: {"dtype": "F32", "shape": shape, "data_offsets": (payload, payload)} for name, shape in tensors.items()
    }
    described = len(json.dumps(layout, separators=(",", ":"))) + len(json.dumps(to_json(graph)))
    return Costs(
        macs=int(counted.macs),
        params=int(counted.params),
        memory=peak_memory(graph).bytes,
        size=payload + described + file_head,
    )


UNITS = {"macs": "MACs", "params": "parameters", "memory": "bytes of peak memory", "size": "bytes of model file"}


def describe(limits: Mapping[str, Any]) -> str:
    """Limits in words.

    >>> describe({"macs": 1000, "memory": 4096})
    '1000 MACs, 4096 bytes of peak memory'
    """
    return ", ".join(f"{value} {UNITS[name]}" for name, value in limits.items())


def flag(name: str, limit: int) -> str:
    """A limit as the command line takes it.

    >>> flag("memory", 4096)
    '--memory 4096B'
    """
    return f"--{name} {limit}{'B' if name in ('memory', 'size') else ''}"
