"""Foreign weights as those of a network of ours: by a library's naming, else by order and shape, else not at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.folding import without_norms
from featherbone.graph.operators import Activation, BatchNorm, shape_text
from featherbone.nn.foreign import efficientnet_pytorch, keras, timm, torchvision
from featherbone.nn.foreign.ambiguity import interchangeable
from featherbone.nn.foreign.biases import biases_in_means
from featherbone.nn.foreign.by_order import match_by_order
from featherbone.nn.foreign.dialect import in_torch
from featherbone.nn.foreign.naming import Naming, our_layer
from featherbone.nn.foreign.rewrite import with_activation, with_epsilon
from featherbone.nn.weights import COUNTER
from featherbone.wording import one_screen

NAMINGS = (*torchvision.NAMINGS, *timm.NAMINGS, *keras.NAMINGS, *efficientnet_pytorch.NAMINGS)
AUXILIARY = re.compile(r"(AuxLogits|aux[12]?|aux_logits)\..*")  # classifiers of training; our networks have none
MISSING = " is missing in the file"
IN_DOUBT = "the names say nothing of activations"
CLOSE = 0.5  # with fewer of its layers known, a naming is not what the file was written in


@dataclass(frozen=True, kw_only=True)
class Matched:
    """A graph, weights that fit it, the naming they had, and remarks; the graph may differ from what was asked.

    ``tensorflow`` says whether networks of that naming pad as TensorFlow does; None where the naming says nothing.
    """

    graph: Graph
    weights: dict[str, torch.Tensor]
    naming: str
    remarks: tuple[str, ...] = ()
    tensorflow: bool | None = None


def match(graph: Graph, tensors: Mapping[str, torch.Tensor], *, activation: str | None = None) -> Matched:
    """Foreign tensors as the weights of ``graph``, or of its form with folded norms where the file has none.

    >>> from featherbone.networks import network
    >>> from featherbone.nn import module, weights_of
    >>> graph = network("squeezenet", classes=10)
    >>> match(graph, weights_of(module(graph, seed=0))).naming
    'featherbone'

    Half precision becomes float32. A linear layer stored as a convolution of its whole map is reshaped. Batch counters
    and auxiliary classifiers are left out. Names of no known library are matched by order and shape, only where
    the order leaves no choice. ``activation`` stands in place of each ReLU; without one it follows from the naming.

    Raises:
        FeatherboneError: nothing fits; the mismatches under the closest naming are listed; no ReLU to put another
            activation in place of.
    """
    kept, remarks = _cleaned(tensors)
    if not kept:
        raise FeatherboneError("there are no weights to match", hint="save the whole state dict")
    target = graph
    if _folded(graph, kept):
        target = without_norms(graph)
        remarks.append("the file has its batch norms folded into biases: the graph has biases in their place")
    own = _fit(target, {name: name for name in kept}, kept)
    if not own[1]:
        return Matched(
            graph=_activated(target, activation, "", remarks),
            weights=own[0],
            naming="featherbone",
            remarks=tuple(remarks),
        )
    attempts: list[tuple[int, str, list[str]]] = []
    wanted = {**target.parameters(), **target.buffers()}
    if sum(name in wanted for name in kept) >= CLOSE * len(kept):
        attempts.append((len(own[1]), "featherbone", own[1]))
    for naming in NAMINGS:
        names, unknown = _renamed(graph, kept, naming)
        if len(names) < CLOSE * len(kept):
            continue
        weights, problems = _fit(target, names, biases_in_means(target, names, kept))
        problems += [f"{name} is in the file, and not in the network" for name in unknown]
        if not problems:
            computed = target if naming.epsilon is None else with_epsilon(target, naming.epsilon)
            computed = _activated(computed, activation, naming.relu, remarks)
            return Matched(
                graph=computed,
                weights=weights,
                naming=naming.name,
                remarks=tuple(remarks),
                tensorflow=naming.tensorflow,
            )
        attempts.append((len(problems), naming.name, problems))
    if attempts:
        _, name, problems = min(attempts)
        raise FeatherboneError(
            f"the weights, in the naming of {name}, do not fit {graph.name}, in {len(problems)} tensors:\n  "
            + one_screen(sorted(problems)),
            hint=_cause(graph, problems),
        )
    return _by_order(target, kept, activation, remarks)


def _cause(graph: Graph, problems: list[str]) -> str:
    """What is likely wrong, and the next step."""
    if all(problem.endswith(MISSING) for problem in problems):
        return "the file is not whole: save the whole state dict"
    needs = f"the network needs {graph.output_shape[0]}"
    if all(re.search(rf" is \d+(×\d+)*; {needs}\b", problem) for problem in problems):
        theirs = re.search(r" is (\d+)", problems[0])
        return f"only the classes differ: give the network the setting classes={theirs[1] if theirs else ''}"
    return "give the network the settings that the weights were trained with, such as width, classes, depth or merged"


def _folded(graph: Graph, tensors: Mapping[str, torch.Tensor]) -> bool:
    """Whether the norms of the graph are nowhere in the file, neither their running means nor their factors."""
    norms = sum(isinstance(node.operator, BatchNorm) for node in graph.nodes)
    factors = sum(name.endswith("weight") and tensor.dim() == 1 for name, tensor in tensors.items())
    return factors < CLOSE * norms and not any(name.endswith(".running_mean") for name in tensors)


def _activated(graph: Graph, chosen: str | None, usual: str, remarks: list[str]) -> Graph:
    """The graph with the chosen activation in place of each ReLU, else with the usual one of the naming."""
    if chosen is not None and not _relus(graph):
        raise FeatherboneError(
            f"the choice of {chosen} changes nothing: {graph.name} has no ReLU that it could stand in place of",
            hint="leave the activation out",
        )
    if chosen is not None:
        remarks.append(f"{chosen} stands in place of each ReLU, as chosen")
    function = chosen or usual
    return with_activation(graph, function) if function else graph


def _relus(graph: Graph) -> int:
    return sum(isinstance(node.operator, Activation) and node.operator.function == "relu" for node in graph.nodes)


def _by_order(graph: Graph, tensors: dict[str, torch.Tensor], activation: str | None, remarks: list[str]) -> Matched:
    weights = match_by_order(graph, tensors)
    pairs = interchangeable(graph)
    if pairs:
        raise FeatherboneError(
            f"the weights fit {graph.name} by order and shape, but the order does not decide between parallel layers "
            "of one shape: "
            + ", ".join(f"{one} and {other}" for one, other in pairs[:4])
            + (" …" if pairs[4:] else ""),
            hint="map the names with load_foreign",
        )
    remarks = [*remarks, "the names are of no known library: matched by order and shape; compare outputs"]
    relus = _relus(graph)
    if activation is None and relus:
        remarks.append(
            f"{IN_DOUBT}: the {relus} ReLUs of {graph.name} stay; choose the activation relu6 where the author of the "
            "weights had ReLU6, as in the MobileNets of TensorFlow and Keras"
        )
    graph = _activated(graph, activation, "", remarks)
    return Matched(graph=graph, weights=weights, naming="order and shape", remarks=tuple(remarks))


def _cleaned(tensors: Mapping[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The tensors that count, in float32, and remarks on what was done."""
    kept: dict[str, torch.Tensor] = {}
    left, converted = 0, Counter[str]()
    tensors, renamed = in_torch(tensors)
    for name, tensor in tensors.items():
        if name.rpartition(".")[2] == COUNTER:
            continue
        if AUXILIARY.fullmatch(name):
            left += 1
        elif tensor.dtype == torch.float32:
            kept[name] = tensor
        elif tensor.dtype in (torch.float16, torch.bfloat16, torch.float64):
            converted[str(tensor.dtype).removeprefix("torch.")] += 1
            kept[name] = tensor.float()
        else:
            raise FeatherboneError(
                f"{name} is {str(tensor.dtype).removeprefix('torch.')}; weights are floating-point numbers",
                hint="a quantised file is not a set of weights; find its float version",
            )
    remarks = [f"float32 here, and {kind} in the file: {count} tensors" for kind, count in converted.items()]
    if renamed:
        remarks.append(f"named and laid out as PyTorch does, and otherwise in the file: {renamed} tensors")
    if left:
        remarks.append(f"left out, being of auxiliary classifiers: {left} tensors")
    return kept, remarks


def _renamed(graph: Graph, tensors: Mapping[str, torch.Tensor], naming: Naming) -> tuple[dict[str, str], list[str]]:
    """Our name for each tensor that the naming knows in this graph, and the tensors that it does not."""
    names, unknown, layers = {}, [], dict[str, str | None]()
    for name in tensors:
        layer, _, key = name.rpartition(".")
        if layer not in layers:
            layers[layer] = our_layer(graph, layer, naming)
        ours = layers[layer]
        if ours is None:
            unknown.append(name)
        else:
            names[name] = f"{ours}.{key}"
    return names, unknown


def _fit(
    graph: Graph, names: Mapping[str, str], tensors: Mapping[str, torch.Tensor]
) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Renamed tensors in the shapes of the graph, and every mismatch."""
    wanted = {**graph.parameters(), **graph.buffers()}
    weights: dict[str, torch.Tensor] = {}
    origin: dict[str, str] = {}
    problems = []
    for name, ours in names.items():
        said = name if name == ours else f"{name} → {ours}"
        if ours not in wanted:
            problems.append(f"{said} is in the file, and not in the network")
        elif ours in origin:
            problems.append(f"{said}: {origin[ours]} is called that already")
        else:
            origin[ours] = name
            shaped = _shaped(tensors[name], wanted[ours])
            if shaped is None:
                given, needed = shape_text(tuple(tensors[name].shape)), shape_text(wanted[ours])
                problems.append(f"{said} is {given}; the network needs {needed}")
            else:
                weights[ours] = shaped
    problems += [f"{name}{MISSING}" for name in wanted if name not in origin]
    return weights, problems


def _shaped(tensor: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor | None:
    """The tensor in this shape; a linear layer may be stored as a convolution of its whole map, and the reverse."""
    if tuple(tensor.shape) == shape:
        return tensor
    linear_as_conv = {tensor.dim(), len(shape)} == {2, 4} and tensor.shape[0] == shape[0]
    if linear_as_conv and tensor.numel() == torch.Size(shape).numel():
        return tensor.reshape(shape)
    return None
