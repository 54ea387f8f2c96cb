"""The blocks that a stage can be made of, each with the settings that a design may choose for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from featherbone.blocks import (
    asymmetric,
    basic,
    bottleneck,
    depthwise_separable,
    fire,
    ghost,
    ghost_bottleneck,
    grouped,
    inverted_residual,
    separable,
    shuffle_unit,
    shuffle_unit_v2,
    stacked,
    standard,
    two_stage_squeeze,
    universal_bottleneck,
)
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph import Wire

EQUAL, WIDER, NARROWER, UNGROUPED = range(4)  # see case_of
CASES = 2 * UNGROUPED
SQUEEZE = 4  # reduction of squeeze-and-excitation; 16, as in its paper, leaves too little of narrow maps


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A block, and how a stage calls it.

    ``ratio`` and ``groups`` name the block's arguments for the two numbers of a design; the width must be a multiple of
    ``divides`` × the ratio, where that is not 0. ``strides`` is False for a block without a stride of its own: max
    pooling comes first. ``keeps_channels`` marks a block that with stride 1 needs as many channels in as out: a
    pointwise convolution comes first. ``groups_input`` marks a block whose first convolution is grouped where the
    groups divide its channels, ``tells_narrower`` one that is built in another way where it has fewer channels out than
    in. What else a search wants to know of a block is read off its graph (``block_facts``).
    """

    function: Callable[..., Wire]
    ratio: str | None = None
    divides: int = 0
    groups: str | None = None
    strides: bool = True
    keeps_channels: bool = False
    groups_input: bool = False
    tells_narrower: bool = False
    least_ratio: int = 1

    def multiple(self, ratio: int, groups: int) -> int:
        """What the width must be a multiple of; 4 at least, which every squeeze-and-excitation divides."""
        return math.lcm(4, (self.divides * ratio or 1) * groups)


def _extra_depthwise(x: Wire, out: int, *, kernel: int, **settings: Any) -> Wire:
    """MobileNetV4's block with both of its filters, of one size."""
    return universal_bottleneck(x, out, start=kernel, kernel=kernel, **settings)


def _convnext_like(x: Wire, out: int, *, kernel: int, **settings: Any) -> Wire:
    """MobileNetV4's block with a filter before the expansion only."""
    return universal_bottleneck(x, out, start=kernel, kernel=None, **settings)


@wraps(grouped)
def _grouped(x: Wire, out: int, *, groups: int, **settings: Any) -> Wire:
    """A grouped convolution; a whole one of an input whose channels the groups do not divide."""
    return grouped(x, out, groups=1 if x.channels % groups else groups, **settings)


@wraps(shuffle_unit)
def _shuffle_unit(x: Wire, out: int, *, groups: int, stride: int, **settings: Any) -> Wire:
    """ShuffleNet's unit for any input. The strided one concatenates its input, so it can only widen."""
    undivided = x.channels % groups != 0
    settings["first_groups"] = 1 if undivided else groups
    settings["shortcut"] = stride == 1 or (out > x.channels and not undivided)
    return shuffle_unit(x, out, groups=groups, stride=stride, **settings)


KINDS: dict[str, Kind] = {
    "standard": Kind(function=standard),
    "grouped": Kind(function=_grouped, groups="groups", groups_input=True),
    "stacked": Kind(function=stacked),
    "asymmetric": Kind(function=asymmetric),
    "fire": Kind(function=partial(fire, norm=True), ratio="squeeze", divides=1, strides=False),
    "basic": Kind(function=basic),
    "bottleneck": Kind(function=bottleneck, ratio="reduction", divides=1),
    # ResNeXt's block is a bottleneck with groups; called as one it takes an activation too.
    "resnext": Kind(function=bottleneck, ratio="reduction", divides=1, groups="groups"),
    "depthwise_separable": Kind(function=depthwise_separable),
    "separable": Kind(function=partial(separable, pointwise_first=False)),
    "shuffle_unit": Kind(
        function=_shuffle_unit,
        ratio="reduction",
        divides=1,
        groups="groups",
        keeps_channels=True,
        groups_input=True,
        tells_narrower=True,
    ),
    "shuffle_unit_v2": Kind(function=shuffle_unit_v2, keeps_channels=True),
    "inverted_residual": Kind(function=inverted_residual, ratio="expand"),
    "universal_bottleneck": Kind(function=_extra_depthwise, ratio="expand"),
    "convnext_like": Kind(function=_convnext_like, ratio="expand"),
    "two_stage_squeeze": Kind(function=two_stage_squeeze, ratio="reduction", divides=2),
    "ghost": Kind(function=ghost, ratio="ratio", divides=1, least_ratio=2),
    "ghost_bottleneck": Kind(function=ghost_bottleneck, ratio="expand"),
}


def kind(name: str) -> Kind:
    """A kind by name; FeatherboneError with the closest name where there is none."""
    if name not in KINDS:
        raise FeatherboneError(f"unknown block kind {name!r}", hint=did_you_mean(name, KINDS))
    return KINDS[name]


def case_of(channels: Any, width: Any, groups: Any) -> Any:
    """What a block decides by the channels that it gets: 0 to 5, of whole numbers or of arrays of them.

    >>> case_of(16, 16, 1), case_of(16, 32, 1), case_of(32, 16, 1), case_of(20, 32, 8)
    (0, 1, 2, 4)

    0 where ``width`` is the input's own, 1 where it is wider, 2 narrower; 3 more where the groups do not divide the
    input's channels.
    """
    return 1 * (width > channels) + 2 * (width < channels) + 3 * (channels % groups != 0)


def canonical(name: str, case: int) -> int:
    """The lowest case in which the kind builds the same operators."""
    chosen, order = kind(name), case % UNGROUPED
    order = order if chosen.tells_narrower else min(order, WIDER)
    return order + UNGROUPED * (case >= UNGROUPED and chosen.groups_input)
