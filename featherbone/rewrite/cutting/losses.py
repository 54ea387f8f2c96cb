"""What a cut of channels loses: for each space of sets the order in which they go, and what each adds to the error."""

from __future__ import annotations

from math import ceil

import torch

from featherbone.graph import Node
from featherbone.graph.channel_sets import ChannelSets, ChannelSpace
from featherbone.progress import Progress, Reading, silent
from featherbone.rewrite.cutting.answers import CutJudge, judged, measured
from featherbone.rewrite.cutting.elimination import Elimination, Reader, eliminate, inverse_of, root_of
from featherbone.rewrite.cutting.fisher import fisher
from featherbone.rewrite.mending.layer_matrix import matrix_of
from featherbone.rewrite.mending.moments import Moments
from featherbone.rewrite.mending.read_moments import read_moments
from featherbone.rewrite.trained_graph import TrainedGraph

STEPS = 96  # about so often the costs of a space's sets are looked at again
LOOKED_AT = (1 / 8, 1 / 3, 2 / 3)  # of a space's sets: where the loss of cutting so many is measured


def losses(
    network: TrainedGraph, sets: ChannelSets, images: torch.Tensor, progress: Progress = silent
) -> dict[int, Elimination]:
    """For each space that can be cut, by its place in ``sets.spaces``, its sets in the order in which they go.

    The numbers in an ``Elimination`` are places in ``space.sets``; its costs are in nats: by how much the
    Kullback–Leibler divergence of the answers grows when the set goes and all layers that read it are fitted anew. The
    order is that of the second-order estimate; its sums are corrected by what some of the cuts were measured to do.
    Other spaces are taken as they are. ``images`` are as the network takes them, without labels.
    """
    graph = network.graph
    free = {place: space for place, space in enumerate(sets.spaces) if not space.fixed and len(space.sets) > 1}
    layers = list(dict.fromkeys(name for space in free.values() for name in space.readers))
    information = fisher(network, images, layers)
    found: dict[int, list[Reader]] = {place: [] for place in free}
    done = 0
    for some in read_moments(network, images, layers):
        for name, moments in some.items():
            for place, space in free.items():
                if name in space.readers:
                    found[place] += _readers(network, sets, space, graph[name], moments, information[name])
        done += len(some)
        progress(Reading(what="weighing channels", done=done, total=len(layers), unit="layers"))
    answers = CutJudge(network, judged(images))
    result = {}
    for place, space in free.items():
        count = len(space.sets)
        looked_at = {max(1, round(share * count)) for share in LOOKED_AT}
        result[place] = measured(
            eliminate(found.pop(place), count, at_once=ceil(count / STEPS), looked_at=looked_at), answers
        )
        progress(Reading(what="measuring cuts", done=len(result), total=len(free), unit="widths"))
    return result


def _readers(
    network: TrainedGraph,
    sets: ChannelSets,
    space: ChannelSpace,
    node: Node,
    moments: Moments,
    information: torch.Tensor,
) -> list[Reader]:
    """What a layer loses with the sets of a space: a reader for each of its groups that reads some of them."""
    matrix = matrix_of(network.graph, node, network.weights)
    groups, outputs, columns = matrix.shape
    of = sets.of[node.inputs[0]]
    channels = len(of) // groups
    window = (columns - 1) // channels
    places = {number: place for place, number in enumerate(space.sets)}
    found: list[Reader] = []
    for group in range(groups):
        mine: dict[int, list[int]] = {}
        for channel in range(channels):
            place = places.get(of[group * channels + channel])
            if place is not None:
                mine.setdefault(place, []).extend(range(channel * window, (channel + 1) * window))
        if mine:
            where = slice(group * outputs, (group + 1) * outputs)
            found.append(
                Reader(
                    layer=node.name,
                    group=group,
                    columns={place: torch.tensor(each) for place, each in mine.items()},
                    inverse=inverse_of(moments.read[group] / moments.rows),
                    matrix=matrix[group].clone(),
                    weighed=root_of(information[where, where]).T @ matrix[group],
                )
            )
    return found
