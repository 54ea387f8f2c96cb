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
    """Whether a node is a linear layer or a convolution with an output for each class, the graph's first output."""
    operator, shape = node.operator, graph[graph.outputs[0]].shape  # feature maps may follow among the outputs
    linear = isinstance(operator, Linear) and operator.out_features == shape[0]
    convolution = isinstance(operator, Conv) and operator.groups == 1 and operator.out_channels == shape[0]
    return not node.shares and len(shape) == 1 and (linear or convolution)
