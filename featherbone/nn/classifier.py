"""The layer that writes the scores of the classes."""

from __future__ import annotations

from featherbone.graph import Graph, Node
from featherbone.graph.operators import Activation, AvgPool, Conv, Dropout, Flatten, GlobalPool, Linear

_BEHIND = (Activation, AvgPool, Dropout, Flatten, GlobalPool)  # what may stand behind a classifier


def last_layer(graph: Graph) -> Node:
    """The node before everything without weights that a network of classes may end in.

    >>> from featherbone.networks import network
    >>> last_layer(network("squeezenet")).name
    'head.classifier'
    """
    node = graph[graph.outputs[0]]
    while isinstance(node.operator, _BEHIND) and len(node.inputs) == 1:
        node = graph[node.inputs[0]]
    return node


def writes_classes(graph: Graph, node: Node) -> bool:
    """Whether a node is a linear layer or a convolution with an output for each class of the graph."""
    operator, outputs = node.operator, graph.output_shape[0]
    linear = isinstance(operator, Linear) and operator.out_features == outputs
    convolution = isinstance(operator, Conv) and operator.groups == 1 and operator.out_channels == outputs
    return not node.shares and len(graph.output_shape) == 1 and (linear or convolution)
