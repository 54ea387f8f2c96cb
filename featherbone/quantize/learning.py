"""Integers that learn: the network is trained with its quantizers in the loop, taught by the float network.

What is rounded passes its gradient on as if it were not (straight-through), and steps are learned with the weights
(LSQ, arXiv:1902.08153). No labels are used: the loss is what the answers diverge from those in float.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from featherbone.graph import Graph, Node
from featherbone.graph.operators import Input
from featherbone.nn import module_with
from featherbone.nn.norm_folding import scaled
from featherbone.progress import Progress, Reading, silent
from featherbone.quantize.grid import Grid
from featherbone.quantize.nearest import by_channel, grid_read, quantized_layer
from featherbone.quantize.network import QuantizedLayer, QuantizedNetwork, level_bounds
from featherbone.quantize.ranges import known_bounds
from featherbone.rewrite.trained_graph import TrainedGraph

# Of Adam: of weights, in steps; of biases, where there are no norms; and of the logarithms of steps.
WEIGHT_RATE, BIAS_RATE, STEP_RATE = 3e-3, 1e-4, 1e-3
TIMED = 3  # steps of training by which it is known how many there is time for
Draw = Callable[[int], torch.Tensor]  # the images of a step of training, as the network takes them


class LearningIntegers(nn.Module):
    """A quantized network whose weights, biases and steps can be trained: integers are what its weights are rounded to.

    >>> from featherbone.graph import image
    >>> from featherbone.quantize import nearest_network
    >>> weights = {"mix.weight": torch.ones(1, 1, 1, 1)}
    >>> network = nearest_network(TrainedGraph(image(1, 1).pointwise(1, name="mix").graph("one"), weights), {}, 4)
    >>> module = LearningIntegers(network)
    >>> module(torch.full((1, 1, 1, 1), 2.0)).item()
    2.0
    """

    def __init__(self, network: QuantizedNetwork) -> None:
        super().__init__()
        self.network, graph = network, network.graph
        self.alone, self.numbers = nn.ModuleDict(), nn.ParameterDict()
        self.key = {node.name: str(place) for place, node in enumerate(graph.nodes)}
        self.grid_of: dict[str, str] = {}  # for each map the node under whose key its step is learned
        for node in graph.nodes:
            if node.name in network.grids:
                self._add_grid(node)
            if node.inputs:
                self._add_operator(node)

    def _add_grid(self, node: Node) -> None:
        """A step that is learned, unless the map has that of what it reads, or one that its function gives it."""
        grids = self.network.grids
        shares = bool(node.inputs) and grids.get(node.inputs[0]) == grids[node.name]
        self.grid_of[node.name] = self.grid_of[node.inputs[0]] if shares else node.name
        if not shares and known_bounds(self.network.graph, node.name) is None:
            self.numbers[f"{self.key[node.name]} map"] = nn.Parameter(torch.zeros(()))

    def _add_operator(self, node: Node) -> None:
        """The operator alone; its weights are learned where they are integers."""
        network = self.network
        entries = [
            (f"x{place}", Input(shape=shape), ()) for place, shape in enumerate(network.graph.input_shapes(node))
        ]
        single = Graph.build("one", [*entries, ("y", node.operator, tuple(each[0] for each in entries))], ("y",))
        own = {f"y.{key.rpartition('.')[2]}": value for key, value in network.numbers_of(node.name).items()}
        layer = network.layers.get(node.name)
        if layer is not None:
            own["y.weight"] = layer.levels.float()  # in steps, and in the middle of each
            self.numbers[f"{self.key[node.name]} steps"] = nn.Parameter(torch.zeros(len(layer.steps)))
        self.alone[self.key[node.name]] = module_with(single, own).eval().requires_grad_(layer is not None)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        graph = self.network.graph
        maps: dict[str, torch.Tensor] = {}
        for node in graph.nodes:
            reads = [maps[name] for name in node.inputs]
            maps[node.name] = self._on_grid(node.name, self._computed(node.name, reads) if node.inputs else images)
        return maps[graph.outputs[0]]

    def _computed(self, name: str, reads: list[torch.Tensor]) -> torch.Tensor:
        module, layer = self.alone[self.key[name]], self.network.layers.get(name)
        if layer is None:
            found: torch.Tensor = module(*reads)
            return found
        low, high = level_bounds(layer.bits)
        # The step of each weight, whichever axis its channel is.
        ones = torch.ones(layer.levels.shape)
        steps = scaled(self.network.graph[name].operator, ones, self._steps(name, layer)).float()
        weight = _straight(module.get_parameter("y.weight"), low, high) * steps
        written: torch.Tensor = torch.func.functional_call(module, {"y.weight": weight}, tuple(reads))
        return written

    def _on_grid(self, name: str, values: torch.Tensor) -> torch.Tensor:
        grid = self.network.grids.get(name)
        if grid is None:
            return values
        step = self._map_step(name, grid)
        return _straight(values / step, grid.low - grid.zero, grid.high - grid.zero) * step

    def _map_step(self, name: str, grid: Grid) -> torch.Tensor:
        key = f"{self.key[self.grid_of[name]]} map"
        return grid.step * (self.numbers[key].exp() if key in self.numbers else torch.ones(()))

    def _steps(self, name: str, layer: QuantizedLayer) -> torch.Tensor:
        found: torch.Tensor = layer.steps * self.numbers[f"{self.key[name]} steps"].exp()
        return found

    def learned(self) -> QuantizedNetwork:
        """The network with the integers as they are now."""
        network, graph = self.network, self.network.graph
        with torch.no_grad():
            grids = {
                name: replace(grid, step=float(self._map_step(name, grid))) for name, grid in network.grids.items()
            }
            layers = {}
            for name, layer in network.layers.items():
                node, module = graph[name], self.alone[self.key[name]]
                bias = None if layer.bias is None else module.get_parameter("y.bias").detach()
                steps = self._steps(name, layer).double()
                low, high = level_bounds(layer.bits)
                levels = by_channel(node, _straight(module.get_parameter("y.weight"), low, high).detach().double())
                rows = levels * steps[:, None]
                shape = tuple(layer.levels.shape)
                layers[name] = quantized_layer(node, shape, rows, steps, bias, layer.bits, grid_read(node, grids))
        return replace(network, grids=grids, layers=layers)


def learn(
    network: QuantizedNetwork, teacher: TrainedGraph, draw: Draw, seconds: float, progress: Progress = silent
) -> QuantizedNetwork:
    """The network after as many steps of training as take about so many seconds.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import weights_of, module
    >>> from featherbone.quantize import nearest_network
    >>> graph = image(1, 4).conv(4, 3, bias=True).act("relu").global_pool().flatten().linear(2).graph("tiny")
    >>> teacher = TrainedGraph(graph, weights_of(module(graph, seed=0)))
    >>> images = torch.randn(8, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    >>> learn(nearest_network(teacher, {}, 2), teacher, lambda step: images, seconds=0.05).layers["linear"].bits
    2

    ``teacher`` is the prepared float network; ``draw`` gives the images of a step. How many steps there are is decided
    after the first few, so that the rates can fall to nothing by the last one. It begins as the network is, and may end
    worse: judge it by images that it was not trained on.
    """
    student = LearningIntegers(network)
    expected = module_with(*teacher).eval()
    of_layers = [item for item in student.alone.named_parameters() if item[1].requires_grad]
    learned = (
        ([value for key, value in of_layers if key.endswith("weight")], WEIGHT_RATE),
        ([value for key, value in of_layers if key.endswith("bias")], BIAS_RATE),
        (list(student.numbers.values()), STEP_RATE),
    )
    optimizer = torch.optim.Adam([{"params": values, "lr": rate} for values, rate in learned if values])
    rates = [group["lr"] for group in optimizer.param_groups]
    began, total, place = time.monotonic(), TIMED + 1, 0
    while place < total:
        images = draw(place)
        with torch.no_grad():
            target = F.log_softmax(expected(images), 1)
        loss = F.kl_div(F.log_softmax(student(images), 1), target, log_target=True, reduction="batchmean")
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        place += 1
        if place == 1:
            began = time.monotonic()  # the first one is slower than all others
        if place == TIMED:
            total = max(total, int(seconds * (TIMED - 1) / (time.monotonic() - began)))
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * (1 - place / total)
        progress(Reading(what="integers learn", done=place, total=total, unit="steps"))
    return student.learned()


def _straight(places: torch.Tensor, low: int, high: int) -> torch.Tensor:
    """Whole numbers within bounds, whose gradient is that of what was rounded."""
    inside = places.clamp(low, high)
    return inside + (torch.floor(inside + 0.5) - inside).detach()
