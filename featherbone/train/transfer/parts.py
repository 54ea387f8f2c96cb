"""The parts of a network that fine-tuning knows: its classifier, and its stages from the image on."""

from __future__ import annotations

from dataclasses import replace

from featherbone.cost.group import producer
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Node
from featherbone.graph.operators import Dropout, Input
from featherbone.nn.classifier import last_layer, writes_classes


def classifier_of(graph: Graph) -> str:
    """The name of the linear layer, or convolution, that writes the classes.

    >>> from featherbone.networks import network
    >>> classifier_of(network("mobilenet_v2")), classifier_of(network("squeezenet"))
    ('head.classifier', 'head.classifier')

    Raises `FeatherboneError` where the network ends in anything else.
    """
    node = last_layer(graph)
    if not writes_classes(graph, node):
        raise FeatherboneError(
            f"{graph.name} ends in {node.name} ({node.operator.kind}), which is no classifier",
            hint="the last layer with weights must be a linear layer or a convolution that writes the classes",
        )
    return node.name


def stages_of(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The nodes with weights of each stage, from the image on, without the classifier.

    >>> from featherbone.networks import network
    >>> list(stages_of(network("mlperf_tiny_resnet8")))
    ['stem', 'stage1', 'stage2', 'stage3']

    A stage is what shares the first part of its names, or the first two where all of the backbone shares the first,
    such as `features.0` and `features.1`.
    """
    head = classifier_of(graph)
    names = {node.name for node in graph.nodes}
    weighted = [node.name for node in graph.nodes if node.name != head and has_weights(graph, node)]
    for depth in (1, 2):
        stages: dict[str, list[str]] = {}
        for name in weighted:
            stages.setdefault(".".join(producer(name, names).split(".")[:depth]), []).append(name)
        if len(stages) > 1:
            break
    return {stage: tuple(members) for stage, members in stages.items()}


def has_weights(graph: Graph, node: Node) -> bool:
    """Whether a node owns parameters or running statistics."""
    inputs = graph.input_shapes(node)
    return not node.shares and bool(node.operator.parameters(*inputs) or node.operator.buffers(*inputs))


def last_map(graph: Graph) -> str:
    """The name of the last feature map before the network pools it: what the classifier judges.

    >>> from featherbone.networks import network
    >>> last_map(network("mobilenet_v2")), last_map(network("cifar_resnet20"))
    ('last.conv_act', 'stage3.block3.act')

    Raises `FeatherboneError` where no such map comes before the classifier.
    """
    node = graph[classifier_of(graph)]
    while node.inputs:
        node = graph[node.inputs[0]]
        shape = node.shape
        if len(shape) == 3 and shape[1:] != (1, 1) and not isinstance(node.operator, Dropout | Input):
            return node.name
    raise FeatherboneError(f"{graph.name} has no feature map before its classifier", hint="name a node that is a map")


def with_maps(graph: Graph, names: tuple[str, ...]) -> Graph:
    """The same network with these nodes among its outputs, after its own."""
    for name in names:
        graph[name]  # raises with the nearest name
    return replace(graph, outputs=(*graph.outputs, *names))
