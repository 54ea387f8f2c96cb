"""How long a candidate takes to train beside others: the activations of its convolutions, not its multiply-adds.

On a processor a training step waits for memory, so networks of equal multiply-adds differ by a factor of ten in time,
and the values that their convolutions write tell most of it.

Source: Radosavović et al. 2020, arXiv:2003.13678, section 3.3 (activations predict the run time of a network).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial

from featherbone.cost import count
from featherbone.graph import Graph
from featherbone.search.space.design import Design
from featherbone.search.space.design_graph import candidate_graph


@lru_cache(maxsize=4096)
def effort(design: str, *, classes: int, channels: int) -> int:
    """The activations of a design or a network of the zoo, for one image.

    >>> plain, separable = "r32 | stem w16 | basic w16", "r32 | stem w16 | depthwise_separable w16 d4"
    >>> effort(separable, classes=10, channels=3) > 2 * effort(plain, classes=10, channels=3)
    True

    Raises:
        FeatherboneError: the text is neither.
    """
    return effort_of(candidate_graph(design, classes=classes, channels=channels))


def effort_of(graph: Graph) -> int:
    """The same of any network.

    >>> from featherbone.graph import image
    >>> effort_of(image(3, 8).conv(4, 3).global_pool().flatten().linear(2).graph("tiny"))
    258
    """
    return int(count(graph).activations)


def quickest(designs: Iterable[Design], *, classes: int, channels: int) -> str:
    """Of some designs the one that is quickest to train, by its effort."""
    return min(map(str, designs), key=partial(effort, classes=classes, channels=channels))
