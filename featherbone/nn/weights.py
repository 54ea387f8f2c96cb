"""A network's weights as a dictionary of tensors: check them against a graph, put them in a module, take them out."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import shape_text
from featherbone.wording import one_screen

COUNTER = "num_batches_tracked"  # torch's batch norm counts batches; with a fixed momentum nothing reads it


def check_weights(graph: Graph, weights: Mapping[str, torch.Tensor], *, what: str = "the weights") -> None:
    """Raise unless ``weights`` are exactly the parameters and buffers of ``graph``, in float32, and finite.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 1, bias=True).graph("tiny")
    >>> check_weights(graph, {"conv.weight": torch.zeros(4, 3, 1), "fc.bias": torch.zeros(4)})
    Traceback (most recent call last):
    ...
    featherbone.errors.FeatherboneError: the weights do not fit tiny, in 3 tensors:
      conv.bias is missing
      conv.weight is 4×3×1; the graph needs 4×3×1×1
      fc.bias is not in the graph

    Raises:
        FeatherboneError: with every tensor that is missing, unexpected, of another shape or type, or not finite.
    """
    wanted = {**graph.parameters(), **graph.buffers()}
    problems = [f"{name} is missing" for name in wanted if name not in weights]
    for name, tensor in weights.items():
        if name not in wanted:
            problems.append(f"{name} is not in the graph")
        elif tuple(tensor.shape) != wanted[name]:
            problems.append(f"{name} is {shape_text(tuple(tensor.shape))}; the graph needs {shape_text(wanted[name])}")
        elif tensor.dtype != torch.float32:
            problems.append(f"{name} is {str(tensor.dtype).removeprefix('torch.')}; the graph needs float32")
        elif not bool(torch.isfinite(tensor).all()):
            problems.append(f"{name} holds numbers that are not finite")
    if problems:
        tensors = "1 tensor" if len(problems) == 1 else f"{len(problems)} tensors"
        raise FeatherboneError(f"{what} do not fit {graph.name}, in {tensors}:\n  " + one_screen(sorted(problems)))


def weights_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of a module that ``module(graph)`` made: its state dict without batch norm's counters.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module
    >>> sorted(weights_of(module(image(3, 8).pointwise(4, name="mix").norm().graph("tiny"), seed=0)))[:2]
    ['mix.weight', 'mix_norm.bias']

    The tensors are the module's own, detached: clone them to keep them while training goes on.
    """
    return {name: tensor for name, tensor in module.state_dict().items() if name.rpartition(".")[2] != COUNTER}
