"""The grids of all maps: several rules propose them, and images that none of them saw say which is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from featherbone.cost import count
from featherbone.nn import module_with
from featherbone.progress import Progress, Reading, silent
from featherbone.quantize.agreement import answers, divergence
from featherbone.quantize.fake import FakeQuantized
from featherbone.quantize.grid import Grid
from featherbone.quantize.network import QuantizedNetwork
from featherbone.quantize.observe import observe
from featherbone.quantize.ranges import RULES, grids_by
from featherbone.quantize.sharing import SharedGrid, shared_grids
from featherbone.rewrite.trained_graph import TrainedGraph

LEAST_DIVERGENCE = "least divergence"
FEWEST, MOST = 4, 32  # images by which the rule of each single map is chosen: as many as take, in all maps together,
EFFORT = 3e11  # at most so many multiply-adds, about ten seconds of a core
ALIKE = 0.05  # of a step: grids that differ by less are not told apart


@dataclass(frozen=True, kw_only=True)
class ChosenGrids:
    """The grids, the rule that they are by, and what each rule changes of the answers to images held back, in nats."""

    grids: Mapping[str, Grid]
    rule: str
    divergences: Mapping[str, float]


def choose_grids(
    network: TrainedGraph, images: torch.Tensor, held_back: torch.Tensor, bits: int = 8, progress: Progress = silent
) -> ChosenGrids:
    """Grids for all maps of a prepared network, by the rule whose answers are nearest to those in float.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(4, 3, bias=True).act("relu").global_pool().flatten().linear(3).graph("tiny")
    >>> images = torch.randn(24, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> found = choose_grids(TrainedGraph(graph, weights_of(module(graph, seed=0))), images[:16], images[16:])
    >>> sorted(found.divergences)
    ['least divergence', 'least squares', 'min-max', 'percentile']

    The rules are those of ``featherbone.quantize.ranges``, and the one that takes for each map, alone on a grid, what
    changes the answers least. Weights stay in float meanwhile. No labels are used.
    """
    graph = network.graph
    shared = shared_grids(graph)
    seen = observe(network, shared, images)
    proposals = {rule: grids_by(rule, graph, shared, seen, bits) for rule in RULES}
    expected = answers(module_with(*network).eval(), held_back)
    proposals[LEAST_DIVERGENCE] = _map_by_map(network, shared, proposals, images, progress)
    found = {
        rule: divergence(expected, answers(FakeQuantized(_on(network, grids)), held_back))
        for rule, grids in proposals.items()
    }
    rule = min(found, key=lambda name: found[name])
    return ChosenGrids(grids=proposals[rule], rule=rule, divergences=found)


def _map_by_map(
    network: TrainedGraph,
    shared: Sequence[SharedGrid],
    proposals: Mapping[str, Mapping[str, Grid]],
    images: torch.Tensor,
    progress: Progress,
) -> dict[str, Grid]:
    """For each shared grid the proposal with which, all others in float, the answers change least."""
    options_of = [_told_apart([grids[each.observed] for grids in proposals.values()]) for each in shared]
    tries = sum(len(options) for options in options_of if len(options) > 1)
    images = images[: min(MOST, max(FEWEST, int(EFFORT / max(1, tries * int(count(network.graph).macs)))))]
    expected = answers(module_with(*network).eval(), images)
    found: dict[str, Grid] = {}
    for place, (each, options) in enumerate(zip(shared, options_of, strict=True)):
        progress(Reading(what="ranges of maps", done=place, total=len(shared), unit="maps"))
        best = options[0]
        if len(options) > 1:
            changes = [
                divergence(expected, answers(FakeQuantized(_on(network, dict.fromkeys(each.nodes, grid))), images))
                for grid in options
            ]
            best = options[changes.index(min(changes))]
        found.update(dict.fromkeys(each.nodes, best))
    progress(Reading(what="ranges of maps", done=len(shared), total=len(shared), unit="maps"))
    return found


def _told_apart(grids: Sequence[Grid]) -> list[Grid]:
    kept: list[Grid] = []
    for grid in grids:
        if all(abs(grid.step / other.step - 1) > ALIKE for other in kept):
            kept.append(grid)
    return kept


def _on(network: TrainedGraph, grids: Mapping[str, Grid]) -> QuantizedNetwork:
    """The network with float weights and maps on these grids."""
    return QuantizedNetwork(graph=network.graph, grids=grids, layers={}, weights=network.weights)
