"""Networks with weights that hide nothing, and what they compute with sets of channels masked."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import ChannelSets, Graph, from_json, narrow_graph, to_json
from featherbone.graph.operators import Conv, ConvTranspose, Linear
from featherbone.graph.operators.flow import Mixed
from featherbone.networks import network
from featherbone.nn import check_weights, module_with
from featherbone.rewrite import Narrowed

RESOLUTIONS = (32, 64, 96, 128, 224)


def smallest(name: str, **settings: object) -> Graph:
    """A network of the zoo at the smallest of some resolutions that it can be built for, with ten classes."""
    for resolution in RESOLUTIONS:
        try:
            return network(name, resolution=resolution, classes=10, **settings)
        except FeatherboneError:
            continue
    raise AssertionError(f"{name} is built at none of {RESOLUTIONS}")


def lively_weights(graph: Graph, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random weights, biases and statistics of norms: maps stay of one size, and no channel is without effect."""
    generator = torch.Generator().manual_seed(seed)

    def draw(shape: tuple[int, ...]) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    weights: dict[str, torch.Tensor] = {}
    for node in graph.nodes:
        if node.shares:
            continue
        inputs = graph.input_shapes(node)
        for key, shape in {**node.operator.parameters(*inputs), **node.operator.buffers(*inputs)}.items():
            value = 0.3 * draw(shape)
            if isinstance(node.operator, (Conv, ConvTranspose, Linear)) and key == "weight":
                fan = value[0].numel() if not isinstance(node.operator, ConvTranspose) else value[:, 0].numel()
                value = draw(shape) * (1.5 / fan) ** 0.5
            elif key in ("weight", "running_var"):
                value = 1 + value.clamp(-0.7, 0.7)
            weights[f"{node.name}.{key}"] = value
    return weights


def random_cut(sets: ChannelSets, share: float, seed: int = 0) -> list[int]:
    """About this share of the sets that can be cut, so that every node keeps some."""
    chance = random.Random(seed)
    wanted = list(sets.free)
    chance.shuffle(wanted)
    left = {name: set(numbers) for name, numbers in sets.of.items()}
    cut: list[int] = []
    for number in wanted[: round(len(wanted) * share)]:
        nodes = [name for name, _ in sets.sets[number].members]
        if all(len(left[name]) > 1 for name in nodes):
            cut.append(number)
            for name in nodes:
                left[name].discard(number)
    return cut


def masked(
    graph: Graph, weights: Mapping[str, torch.Tensor], sets: ChannelSets, cut: Collection[int]
) -> dict[str, torch.Tensor]:
    """The weights, with those that read a channel of one of the sets set to zero."""
    gone = set(cut)
    found = dict(weights)
    for node in graph.nodes:
        if not isinstance(node.operator.channels(*graph.input_shapes(node)), Mixed) or node.shares:
            continue
        dead = [place for place, number in enumerate(sets.of[node.inputs[0]]) if number in gone]
        weight = weights[f"{node.name}.weight"].clone()
        if isinstance(node.operator, ConvTranspose):
            weight[dead] = 0
        elif isinstance(node.operator, Conv) and node.operator.groups != 1:
            fan, made = weight.shape[1], weight.shape[0] // node.operator.groups
            for place in dead:
                group = place // fan
                weight[group * made : (group + 1) * made, place % fan] = 0
        else:
            weight[:, dead] = 0
        found[f"{node.name}.weight"] = weight
    return found


def outputs(graph: Graph, weights: Mapping[str, torch.Tensor], seed: int = 0) -> list[torch.Tensor]:
    """What the network says of a random image."""
    images = [torch.randn(1, *node.shape, generator=torch.Generator().manual_seed(seed)) for node in graph.inputs]
    with torch.inference_mode():
        said = module_with(graph, weights).eval()(*images)
    return list(said) if isinstance(said, tuple) else [said]


def difference(first: list[torch.Tensor], second: list[torch.Tensor]) -> float:
    """The largest difference of two lists of outputs, relative to the largest value."""
    return max(float((one - other).abs().max() / one.abs().max()) for one, other in zip(first, second, strict=True))


def check_law(
    graph: Graph, weights: Mapping[str, torch.Tensor], sets: ChannelSets, cut: Collection[int], small: Narrowed
) -> float:
    """How far a narrowed network is from the masked one, after what is exact about it was checked."""
    assert cut
    check_weights(small.graph, small.weights)
    assert narrow_graph(graph, cut, sets=sets) == small.graph
    assert from_json(to_json(small.graph)) == small.graph
    assert all(node.shape[0] == len(small.kept[node.name]) for node in small.graph.nodes)
    return difference(outputs(graph, masked(graph, weights, sets, cut)), outputs(small.graph, small.weights))
