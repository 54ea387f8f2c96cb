"""Networks of the zoo, scaled to a budget: for each family the widest that fits, found exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.networks import NETWORKS, NamedNetwork
from featherbone.networks.shared.ends import SMALL_SIDE
from featherbone.search.costs.budget import Budget, Costs, costs_of
from featherbone.search.costs.file_size import FILE_HEAD
from featherbone.search.costs.latency_limit import LatencyModel

STEP = 100  # widths are hundredths
WIDEST = 400


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """A network of the zoo within a budget: ``spec`` is its text, with every setting."""

    name: str
    spec: str
    hundredths: int | None  # of the width, where it has one
    resolution: int
    graph: Graph
    costs: Costs


def scaled_zoo(
    budget: Budget,
    *,
    classes: int,
    channels: int,
    resolutions: Sequence[int],
    names: Iterable[str] = NETWORKS,
    file_head: int = FILE_HEAD,
    latency: LatencyModel | None = None,
) -> tuple[Scaled, ...]:
    """For each network of the zoo that suits the images, its widest form within the budget.

    >>> images = {"classes": 10, "channels": 3, "resolutions": [32, 24]}
    >>> for each in scaled_zoo(Budget(macs=12_500_000), **images, names=["mobilenet_v2", "mlperf_tiny_resnet8"]):
    ...     print(each.spec)
    mobilenet_v2:width=0.27,resolution=32,classes=10,image_channels=3,small=true
    mobilenet_v2:width=0.37,resolution=24,classes=10,image_channels=3,small=true
    mlperf_tiny_resnet8:width=0.99,resolution=32,classes=10,image_channels=3
    mlperf_tiny_resnet8:width=1.34,resolution=24,classes=10,image_channels=3

    Widths are hundredths up to 4. Costs do not fall with the width, as no channel count does, nor with the resolution,
    so bisection between a width that fits and one that does not ends at the widest that fits. A smaller resolution adds
    a form only where it lets the network be wider. Networks without a width are there where they fit as they are. A
    network whose narrowest form does not fit, or which can't take images of this size, is left out. A limit on latency
    needs a model of it; a network with an operator that the model knows nothing of is left out.

    Raises:
        FeatherboneError: latency is limited, and no latency model is at hand.
    """
    if budget.latency is not None and latency is None:
        raise budget.latency.unknown()
    found: list[Scaled] = []
    for entry in (NETWORKS[name] for name in names):
        wider_than = 0
        for resolution in sorted(set(resolutions), reverse=True):
            fitting = _fitting(entry, budget, _settings(entry, classes, channels, resolution), file_head, latency)
            scaled = _last(fitting, wider_than + 1, WIDEST) if "width" in entry.settings else fitting(None)
            if scaled is not None:
                found.append(scaled)
                wider_than = scaled.hundredths or WIDEST
            if wider_than == WIDEST:
                break
    return tuple(found)


def _settings(entry: NamedNetwork, classes: int, channels: int, resolution: int) -> dict[str, Any]:
    """What every form of the network has in common; the small-image form for small images, where there is one."""
    wanted = {"resolution": resolution, "classes": classes, "image_channels": channels}
    wanted |= {"small": True} if resolution <= SMALL_SIDE else {}
    return {name: value for name, value in wanted.items() if name in entry.settings}


def _fitting(
    entry: NamedNetwork, budget: Budget, settings: dict[str, Any], file_head: int, latency: LatencyModel | None
) -> Callable[[int | None], Scaled | None]:
    """Builds the network of a width, or of none, where that fits."""
    limits = {name: limit for name, limit in budget.limits().items() if name != "latency"}

    def fitting(hundredths: int | None) -> Scaled | None:
        chosen = settings if hundredths is None else {"width": hundredths / STEP, **settings}
        try:
            graph = entry(**chosen)
        except FeatherboneError:  # too narrow for its groups, or images too small for its strides
            return None
        costs = costs_of(graph, file_head=file_head)
        if any(getattr(costs, name) > limit for name, limit in limits.items()):
            return None
        if latency is not None and budget.latency is not None:
            try:
                costs = replace(costs, latency=latency.of_graph(graph))
            except FeatherboneError:
                return None
            if budget.use(replace(costs, latency=(1 + latency.margin) * (costs.latency or 0.0))) > 1:
                return None
        return Scaled(
            name=entry.name,
            spec=_spec(entry.name, chosen),
            hundredths=hundredths,
            resolution=settings["resolution"],
            graph=graph,
            costs=costs,
        )

    return fitting


def _last(fitting: Callable[[int | None], Scaled | None], low: int, high: int) -> Scaled | None:
    """What ``fitting`` gives for the largest number that it gives anything for, between two."""
    best = fitting(low)
    if best is None:
        return None
    while low < high:
        middle = (low + high + 1) // 2
        found = fitting(middle)
        if found is None:
            high = middle - 1
        else:
            low, best = middle, found
    return best


def _spec(name: str, settings: dict[str, Any]) -> str:
    words = (f"{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in settings.items())
    return f"{name}:{','.join(words)}"
