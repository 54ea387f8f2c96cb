"""A quantized network as a value: a graph without norms, the integers of its layers, and the grids of its maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Node
from featherbone.graph.operators import BatchNorm, LocalResponseNorm, Opaque, Operator, shape_text
from featherbone.nn.norm_folding import scaled
from featherbone.quantize.grid import Grid

BITS = (8, 6, 5, 4, 3, 2)  # of a weight
FLOAT_ALONE = (BatchNorm, LocalResponseNorm, Opaque)  # no integers are said to compute these


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedLayer:
    """The weights of a convolution or a linear layer: integers, and for each channel that it writes their step.

    >>> layer = QuantizedLayer(levels=torch.tensor([[3, -2]], dtype=torch.int8), steps=torch.tensor([0.5]), bits=4)
    >>> layer.levels * layer.steps[:, None]
    tensor([[ 1.5000, -1.0000]])

    ``levels`` has the shape of the weights. ``bias`` is int32, in units of the step of the map that is read times that
    of the channel's weights; float32 where the layer's maps are in float; None where there is none.
    """

    levels: torch.Tensor
    steps: torch.Tensor
    bits: int
    bias: torch.Tensor | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedNetwork:
    """A network in integers, or in part.

    >>> from featherbone.graph import image
    >>> graph = image(1, 2).conv(1, 1, name="mix").graph("tiny")
    >>> half = Grid(step=0.5, zero=0)
    >>> levels = torch.full((1, 1, 1, 1), 2, dtype=torch.int8)
    >>> layer = QuantizedLayer(levels=levels, steps=torch.tensor([0.25]), bits=4)
    >>> found = QuantizedNetwork(graph=graph, grids={"image": half, "mix": half}, layers={"mix": layer})
    >>> found.in_integers("mix"), found.float_weights()["mix.weight"].item()
    (True, 0.5)

    Fields:
        graph: its norms are folded, and no two layers share weights (``featherbone.quantize.prepared``).
        grids: of each map that is held in integers, by the node that writes it; the others are in float.
        layers: of each layer whose weights are integers.
        weights: the float32 tensors of the layers that were left in float, by their names.

    A node computes in integers where there are integers that compute it, all maps that it reads have grids, and so has
    the one that it writes; a layer needs integer weights besides. Any other node reads numbers, computes in float, and
    what it writes is put on its grid, if it has one. A layer with integer weights between maps in float computes with
    the numbers that they stand for.

    Raises:
        FeatherboneError: parts that do not fit each other.
    """

    graph: Graph
    grids: Mapping[str, Grid]
    layers: Mapping[str, QuantizedLayer]
    weights: Mapping[str, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self)

    def in_integers(self, name: str) -> bool:
        """Whether a node computes in integers."""
        node = self.graph[name]
        return (
            has_integers(node.operator)
            and all(each in self.grids for each in (name, *node.inputs))
            and (name in self.layers or not node.operator.parameters(*self.graph.input_shapes(node)))
        )

    def left_in_float(self) -> list[str]:
        """The nodes that compute in float, of those that compute at all, in their order."""
        return [node.name for node in self.graph.nodes if node.inputs and not self.in_integers(node.name)]

    def bias_steps(self, name: str) -> torch.Tensor:
        """What one step of the bias is, for each channel of a layer in integers, in float64."""
        return self.layers[name].steps.double() * self.grids[self.graph[name].inputs[0]].step

    def numbers_of(self, name: str) -> dict[str, torch.Tensor]:
        """The weights of a node as float32 tensors, by their full names; none where it has none."""
        node, layer = self.graph[name], self.layers.get(name)
        shapes = self.graph.input_shapes(node)
        if layer is None:
            keys = (*node.operator.parameters(*shapes), *node.operator.buffers(*shapes))
            return {f"{name}.{key}": self.weights[f"{name}.{key}"] for key in keys}
        found = {f"{name}.weight": scaled(node.operator, layer.levels, layer.steps.double()).float()}
        if layer.bias is not None:
            bias = layer.bias
            found[f"{name}.bias"] = bias if bias.is_floating_point() else (bias * self.bias_steps(name)).float()
        return found

    def float_weights(self) -> dict[str, torch.Tensor]:
        """All weights as float32 tensors, by the graph's names: what a float network would have in their place."""
        return {key: tensor for node in self.graph.nodes for key, tensor in self.numbers_of(node.name).items()}


def has_integers(operator: Operator) -> bool:
    """Whether there are integers that compute an operator, as ``featherbone.quantize.reference`` says.

    >>> from featherbone.graph.operators import Activation
    >>> has_integers(Activation(function="silu")), has_integers(LocalResponseNorm())
    (True, False)
    """
    return not isinstance(operator, FLOAT_ALONE)


def level_bounds(bits: int) -> tuple[int, int]:
    """The least and the largest integer of a weight of so many bits; of 8, both are as far from zero.

    >>> level_bounds(8), level_bounds(2)
    ((-127, 127), (-2, 1))
    """
    return (-127, 127) if bits == 8 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _check(network: QuantizedNetwork) -> None:
    graph = network.graph
    unknown = next((name for name in (*network.grids, *network.layers) if name not in graph), None)
    if unknown is not None:
        raise FeatherboneError(f"{graph.name} has no node {unknown!r}, and the quantization speaks of it")
    if any(node.shares for node in graph.nodes):
        raise FeatherboneError(f"layers of {graph.name} share weights; a quantized network has them apart")
    for name, layer in network.layers.items():
        _check_layer(network, graph[name], layer)
    given = {f"{name}.{key}" for name in network.layers for key in ("weight", "bias")}
    for key, shape in {**graph.parameters(), **graph.buffers()}.items():
        if key in given:
            continue
        tensor = network.weights.get(key)
        if tensor is None or tuple(tensor.shape) != shape or tensor.dtype != torch.float32:
            raise FeatherboneError(f"{graph.name} is left in float at {key}, which needs float32 {shape_text(shape)}")
        if not bool(torch.isfinite(tensor).all()):
            raise FeatherboneError(f"{key} of {graph.name} holds numbers that are not finite")
    more = next((key for key in network.weights if key in given or key not in graph.parameters() | graph.buffers()), "")
    if more:
        raise FeatherboneError(f"{more} is no float tensor of {graph.name}")


def _check_layer(network: QuantizedNetwork, node: Node, layer: QuantizedLayer) -> None:
    """Raise unless a layer's integers fit its node."""
    what = f"layer {node.name} of {network.graph.name}"
    shapes = node.operator.parameters(*network.graph.input_shapes(node))
    if layer.bits not in BITS:
        raise FeatherboneError(f"{what} has weights of {layer.bits} bits; they may have {', '.join(map(str, BITS))}")
    if not has_integers(node.operator) or tuple(layer.levels.shape) != shapes.get("weight"):
        raise FeatherboneError(f"{what} has levels of shape {list(layer.levels.shape)}, which its weights do not have")
    low, high = level_bounds(layer.bits)
    levels = layer.levels
    if levels.dtype != torch.int8 or int(levels.min()) < low or int(levels.max()) > high:
        raise FeatherboneError(f"{what} has levels outside of {low} to {high}, those of {layer.bits} bits")
    steps = layer.steps
    channels = (int(node.shape[0]),)
    sound = steps.dtype == torch.float32 and tuple(steps.shape) == channels
    if not sound or not bool((torch.isfinite(steps) & (steps > 0)).all()):
        raise FeatherboneError(f"{what} needs {channels[0]} steps, positive, finite and in float32")
    if (layer.bias is None) != ("bias" not in shapes):
        raise FeatherboneError(f"{what} {'lacks' if layer.bias is None else 'has no place for'} a bias")
    if layer.bias is not None:
        wanted = torch.int32 if network.in_integers(node.name) else torch.float32
        if layer.bias.dtype != wanted or tuple(layer.bias.shape) != channels:
            raise FeatherboneError(f"{what} needs a bias of {channels[0]} numbers in {str(wanted)[6:]}")
        if not bool(torch.isfinite(layer.bias).all()):
            raise FeatherboneError(f"{what} has a bias that is not finite")
