"""Activations in integers: a table that holds, for each integer that is read, the one that is written."""

from __future__ import annotations

import numpy as np
import torch

from featherbone.graph import Graph
from featherbone.graph import operators as op
from featherbone.nn import module_with
from featherbone.quantize.grid import Grid
from featherbone.quantize.reference.site import IntegerSite
from featherbone.quantize.rescale import to_integers


def activation(operator: op.Activation, site: IntegerSite) -> np.ndarray:
    table = activation_table(operator.function, site.grids[0], site.grid)
    return table[site.reads[0].astype(np.int32) - site.grids[0].low]


def activation_table(function: str, read: Grid, written: Grid) -> np.ndarray:
    """What an activation writes for each integer of a grid, from the least on: 256 of 8 bits, 65,536 of 16.

    >>> activation_table("relu", Grid(step=1.0, zero=0), Grid(step=1.0, zero=-128))[[0, 128, 131]].tolist()
    [-128, -128, -125]

    The function is computed in float64 and rounded to the nearest integer of the grid that is written.
    """
    integers = np.arange(read.low, read.high + 1)
    graph = Graph.build(
        "table", [("x", op.Input(shape=(1,)), ()), ("y", op.Activation(function=function), ("x",))], ("y",)
    )
    numbers = torch.from_numpy((integers - read.zero) * np.float64(read.step))[:, None]
    with torch.inference_mode():
        return to_integers(module_with(graph, {})(numbers)[:, 0].numpy(), written)
