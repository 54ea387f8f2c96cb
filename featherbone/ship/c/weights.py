"""Weights in the order in which the kernels in C read them: kernels, taps, channels of a group."""

from __future__ import annotations

import numpy as np

from featherbone.graph import Graph, Node
from featherbone.graph import operators as op


def rows_of(graph: Graph, node: Node, weight: np.ndarray) -> np.ndarray:
    """The weights of a layer (``torch.nn``'s order) as kernels × taps × channels.

    >>> from featherbone.graph import image
    >>> graph = image(2, 4).conv(3, 3, name="mix").graph("tiny")
    >>> rows_of(graph, graph["mix"], np.zeros((3, 2, 3, 3))).shape
    (3, 9, 2)

    A linear layer that reads a flattened map reads it place after place, as maps are stored.
    """
    operator = node.operator
    if isinstance(operator, op.Linear):
        before = graph[node.inputs[0]]
        if not isinstance(before.operator, op.Flatten):
            return np.ascontiguousarray(weight[:, None])
        channels = int(graph.input_shapes(before)[0][0])
        return np.ascontiguousarray(weight.reshape(len(weight), channels, -1).swapaxes(1, 2))
    if isinstance(operator, op.ConvTranspose):
        groups = int(operator.groups)
        parts = weight.reshape(groups, weight.shape[0] // groups, weight.shape[1], -1)  # groups, read, written, taps
        return np.ascontiguousarray(parts.transpose(0, 2, 3, 1)).reshape(-1, *parts.shape[:0:-2])
    return np.ascontiguousarray(weight.reshape(*weight.shape[:2], -1).swapaxes(1, 2))
