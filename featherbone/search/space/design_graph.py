"""The text of a candidate, as the ledger keeps it, and the graph that it stands for."""

from __future__ import annotations

from featherbone.graph import Graph
from featherbone.networks import network
from featherbone.search.space.design import Design


def candidate_graph(text: str, *, classes: int, channels: int) -> Graph:
    """A design of the space, or a network of the zoo with all of its settings.

    >>> candidate_graph("r8 | stem w4 | basic w8", classes=2, channels=1).output_shape
    (2,)
    >>> candidate_graph("mlperf_tiny_resnet8:classes=4", classes=4, channels=3).output_shape
    (4,)

    Raises:
        FeatherboneError: the text is neither.
    """
    if "|" in text:
        return Design.parse(text).graph(classes=classes, channels=channels)
    return network(text)
