"""Which operators a model calls as functions: tools that look at modules do not see those, or see them otherwise.

A graph says what is computed, not how its author wrote it. Where the module is at hand, this looks it up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from featherbone.cost.convention import Convention
from featherbone.graph import Graph
from featherbone.graph.operators import GlobalPool, Input

Call: TypeAlias = Literal["function", "method"]
Calls: TypeAlias = Mapping[str, Call]

NO_CALLS: Calls = MappingProxyType({})


def calls(graph: Graph, model: Any) -> dict[str, Call]:
    """By the name of a captured operator, how it was called where no module of ``torch.nn`` did.

    >>> from torch import nn
    >>> from featherbone.importing import read_model
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    >>> calls(read_model(model, (3, 8, 8)), model)
    {}

    A function is one of ``torch.nn.functional``; a method is a tensor's own, such as ``x.mean((2, 3))``, which the
    tools leave out where they charge pooling. Operators are told apart by their names, as the capture gives them: a
    function whose name is also that of a module beside it (``act``) is taken for that module.
    """
    model = getattr(model, "_orig_mod", model)  # torch.compile wraps the model that it compiles
    layers = {
        re.sub(r"[^A-Za-z0-9_.]", "_", path)
        for path, module in model.named_modules(remove_duplicate=False)
        if type(module).__module__.startswith("torch.nn.")
        and (not module._modules or type(module).__name__ == "MultiheadAttention")
    }
    found: dict[str, Call] = {}
    for node in graph.nodes:
        name = re.sub(r"_\d+$", "", node.name)
        if isinstance(node.operator, Input) or {node.name, name, name.rpartition(".")[0]} & layers:
            continue
        mean = isinstance(node.operator, GlobalPool) and name.rpartition(".")[2] in ("mean", "amax")
        found[node.name] = "method" if mean else "function"
    return found


def as_called(convention: Convention, call: Call) -> Convention:
    """The convention for an operator called this way."""
    if call == "method":
        return replace(convention, charges={})
    return convention.functions or convention
