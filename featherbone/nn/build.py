"""From a graph to a module that computes it: run the generated source, and give the module its weights."""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Mapping
from itertools import count

import torch
from torch import nn

from featherbone.graph import Graph
from featherbone.nn.codegen import source
from featherbone.nn.initialise import initial_weights
from featherbone.nn.paths import class_name
from featherbone.nn.weights import check_weights

_serial = count(1)
_gone: list[str] = []  # files whose modules are no more


def module(graph: Graph, *, seed: int | None = None) -> nn.Module:
    """A ``torch.nn.Module`` that computes ``graph``, initialised as the papers do (``featherbone.nn.initialise``).

    >>> from featherbone.graph import image
    >>> net = module(image(3, 32).conv(8, 3, stride=2).norm().act("relu").graph("tiny"), seed=0)
    >>> net(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 8, 16, 16])
    >>> net.graph.name
    'tiny'

    Takes the graph's inputs with a batch in front; returns its output, or a tuple of several. It is in training mode,
    on the CPU, in float32, and an ordinary module: deep copies, ``torch.export``, ``torch.compile`` and
    ``channels_last`` work. Tracebacks show its source; it is saved as a model file, not as a pickle.

    Raises:
        FeatherboneError: the graph cannot be computed (see ``featherbone.nn.codegen.source``).
    """
    made = _class(graph)
    return _with_weights(made, initial_weights(graph, seed=seed))


def module_with(graph: Graph, weights: Mapping[str, torch.Tensor]) -> nn.Module:
    """A module that computes ``graph`` with a copy of these weights.

    >>> from featherbone.graph import image
    >>> graph = image(2, 1).flatten().linear(1, bias=False).graph("sum")
    >>> module_with(graph, {"linear.weight": torch.ones(1, 2)})(torch.full((1, 2, 1, 1), 3.0)).item()
    6.0

    Raises:
        FeatherboneError: the graph cannot be computed, or the weights do not fit it; every mismatch is listed.
    """
    made = _class(graph)
    check_weights(graph, weights)
    return _with_weights(made, {name: tensor.detach().clone() for name, tensor in weights.items()})


def _class(graph: Graph) -> type[nn.Module]:
    text = source(graph)
    name = class_name(graph.name)
    file = f"<featherbone {name} {next(_serial)}>"
    namespace: dict[str, type[nn.Module]] = {}
    exec(compile(text, file, "exec"), namespace)
    made = namespace[name]
    made.__module__ = __name__
    made.graph = graph  # type: ignore[attr-defined]  # on the class: deep copies of the module share it
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    # Not taken out at once: the collector may run while somebody, such as a traceback, walks through the cache.
    weakref.finalize(made, _gone.append, file)
    while _gone:
        linecache.cache.pop(_gone.pop(), None)
    return made


def _with_weights(made: type[nn.Module], weights: dict[str, torch.Tensor]) -> nn.Module:
    with torch.device("meta"):  # neither allocates nor draws what the weights replace
        net = made()
    net.load_state_dict(weights, assign=True)
    return net
