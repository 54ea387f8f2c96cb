"""What is known of the maps of a network: bounds and a sample of each, over the images that it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, prod

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import Activation
from featherbone.quantize.sharing import SharedGrid
from featherbone.rewrite.part import part
from featherbone.rewrite.trained_graph import TrainedGraph

BATCH = 16  # images that are computed at a time
SAMPLED = 200_000  # values of a map that are kept, of all images together
# Beyond these, what an activation writes does not depend on what it reads: a grid need not reach there.
ENDS = {"hard_sigmoid": (-3.0, 3.0), "hard_swish": (-3.0, torch.inf), "sigmoid": (-8.0, 8.0), "tanh": (-4.5, 4.5)}


@dataclass(frozen=True, kw_only=True, eq=False)
class ObservedMap:
    """The least and the largest value of a map, and some of its values, in no order."""

    least: float
    most: float
    sample: torch.Tensor


def observe(network: TrainedGraph, shared: Sequence[SharedGrid], images: torch.Tensor) -> dict[str, ObservedMap]:
    """What the observed map of each grid holds over all images, by its node.

    >>> from featherbone.graph import image
    >>> from featherbone.quantize.sharing import shared_grids
    >>> graph = image(1, 2).act("relu").graph("tiny")
    >>> found = observe(TrainedGraph(graph, {}), shared_grids(graph), torch.tensor([-1.0, 0, 1, 2]).reshape(1, 1, 2, 2))
    >>> found["image"].least, found["act"].least, found["act"].most
    (-1.0, 0.0, 2.0)

    Raises:
        FeatherboneError: no images, or a map with values that are not finite.
    """
    graph = network.graph
    if not len(images):
        raise FeatherboneError("a network can't be quantized without images that show what its maps hold")
    names = [each.observed for each in shared]
    ends = {name: _ends(graph, name) for name in names}
    (source,) = graph.inputs
    compute = part(network, [source.name], names)
    bounds: dict[str, tuple[float, float]] = dict.fromkeys(names, (torch.inf, -torch.inf))
    samples: dict[str, list[torch.Tensor]] = {name: [] for name in names}
    places = {name: _places(graph, name, len(images)) for name in names}
    for start in range(0, len(images), BATCH):
        with torch.inference_mode():
            maps = compute({source.name: images[start : start + BATCH]})
        for name in names:
            values = maps[name].flatten(1).clamp(*ends[name])
            least, most = float(values.min()), float(values.max())
            if not (isfinite(least) and isfinite(most)):
                raise FeatherboneError(f"what {name} of {graph.name} writes is not finite for all images")
            bounds[name] = (min(bounds[name][0], least), max(bounds[name][1], most))
            samples[name].append(values[:, places[name]].flatten())
    return {
        name: ObservedMap(least=bounds[name][0], most=bounds[name][1], sample=torch.cat(samples[name]))
        for name in names
    }


def _places(graph: Graph, name: str, images: int) -> torch.Tensor:
    """Which values of a map are kept of each image: all, or some by chance."""
    every, wanted = prod(graph[name].shape), -(-SAMPLED // images)
    if every <= wanted:
        return torch.arange(every)
    return torch.randperm(every, generator=torch.Generator().manual_seed(0))[:wanted]


def _ends(graph: Graph, name: str) -> tuple[float, float]:
    """Between which values a map matters to those that read it."""
    readers = [node.operator for node in graph.nodes if name in node.inputs]
    low, high = torch.inf, -torch.inf
    for operator in readers:
        ends = ENDS.get(operator.function) if isinstance(operator, Activation) else None
        low, high = min(low, (ends or (-torch.inf,))[0]), max(high, (ends or (0, torch.inf))[1])
    return (-torch.inf, torch.inf) if not readers or name in graph.outputs else (low, high)
