"""The maps of all images at the place in a network up to which it has been mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod

import torch

from featherbone.rewrite.at_once import at_once
from featherbone.rewrite.part import Maps, part, reached
from featherbone.rewrite.trained_graph import TrainedGraph

BATCH = 64  # images that are computed at a time, at most
Through = Callable[[Sequence[str], Sequence[str]], Callable[[Maps], Maps]]  # of what is known and what is wanted


class Frontier:
    """A network that is computed layer by layer, and the maps that all that is left of it can be computed from.

    ``weights`` may be changed between layers. Maps are kept for all images where they fit into ``memory`` bytes; else
    those of earlier layers are, and what is between is computed again, for ``batch`` images at a time, as many as fit
    unless it is given. ``through`` computes a part of the network with the weights as they are, where that is not
    ``featherbone.rewrite.part``.
    """

    def __init__(
        self,
        network: TrainedGraph,
        images: torch.Tensor,
        memory: int,
        through: Through | None = None,
        *,
        batch: int | None = None,
    ) -> None:
        self.graph, self.weights = network.graph, dict(network.weights)
        self.memory, self.through = memory, through or self._part
        self.batch = batch or at_once(network.graph, BATCH)
        (source,) = self.graph.inputs
        self.maps: Maps = {source.name: images}
        self.images = len(images)

    def batches(self, wanted: Sequence[str], ahead: Sequence[str]) -> Iterator[Maps]:
        """The maps of ``wanted`` for one batch of images after the other; afterwards they are what is kept.

        ``ahead`` are the layers that are still to be mended, which, with the graph's outputs, decide what is needed.
        """
        kept = self._kept(wanted, ahead)
        larger = sum(prod(self.graph[name].shape) for name in kept) * self.images * 4 > self.memory
        missing = [] if larger else [name for name in kept if name not in self.maps]
        store = {name: torch.empty(self.images, *self.graph[name].shape) for name in missing}
        compute = self.through(list(self.maps), list(dict.fromkeys([*wanted, *missing])))
        for start in range(0, self.images, self.batch):
            stop = min(start + self.batch, self.images)
            with torch.inference_mode():
                found = compute({name: maps[start:stop] for name, maps in self.maps.items()})
            for name, whole in store.items():
                whole[start:stop] = found[name]
            yield {name: found[name] for name in wanted}
        if not larger:
            self.maps = {name: store[name] if name in store else self.maps[name] for name in kept}

    def _part(self, known: Sequence[str], wanted: Sequence[str]) -> Callable[[Maps], Maps]:
        return part(TrainedGraph(self.graph, self.weights), known, wanted)

    def _kept(self, wanted: Sequence[str], ahead: Sequence[str]) -> list[str]:
        """Of what is known and wanted, what is needed for the rest of the network."""
        known = {*self.maps, *wanted}
        needed = reached(self.graph, [*self.graph.outputs, *ahead], known)
        return [name for name in dict.fromkeys([*self.maps, *wanted]) if name in needed]
