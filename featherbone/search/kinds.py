"""The blocks that a stage can be made of, each with the settings that a design may choose for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from featherbone.blocks import (
    asymmetric,
    basic,
    bottleneck,
    depthwise_separable,
    excited,
    fire,
    grouped,
    inverted_residual,
    separable,
    shuffle_unit,
    shuffle_unit_v2,
    stacked,
    standard,
    unit,
)
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph import Wire

SQUEEZE = 4  # reduction of squeeze-and-excitation; 16, as in its paper, leaves too little of narrow maps


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A block, and how a stage calls it.

    ``ratio`` and ``groups`` name the block's arguments for the two numbers of a design, and ``ratio_divides`` says
    whether the ratio must divide the width. ``strides`` is False for a block without a stride of its own: max pooling
    comes first. ``keeps_channels`` marks a block that with stride 1 needs as many channels in as out: a pointwise
    convolution comes first.
    """

    function: Callable[..., Wire]
    ratio: str | None = None
    ratio_divides: bool = False
    groups: str | None = None
    strides: bool = True
    keeps_channels: bool = False

    def multiple(self, ratio: int, groups: int) -> int:
        """What the width must be a multiple of; 4 at least, which every squeeze-and-excitation divides."""
        narrow = ratio if self.ratio_divides else 1
        return math.lcm(4, narrow * groups)


KINDS: dict[str, Kind] = {
    "standard": Kind(function=standard),
    "grouped": Kind(function=grouped, groups="groups"),
    "stacked": Kind(function=stacked),
    "asymmetric": Kind(function=asymmetric),
    "fire": Kind(function=partial(fire, norm=True), ratio="squeeze", ratio_divides=True, strides=False),
    "basic": Kind(function=basic),
    "bottleneck": Kind(function=bottleneck, ratio="reduction", ratio_divides=True),
    # ResNeXt's block is a bottleneck with groups; called as one it takes an activation too.
    "resnext": Kind(function=bottleneck, ratio="reduction", ratio_divides=True, groups="groups"),
    "depthwise_separable": Kind(function=depthwise_separable),
    "separable": Kind(function=partial(separable, pointwise_first=False)),
    "shuffle_unit": Kind(
        function=shuffle_unit, ratio="reduction", ratio_divides=True, groups="groups", keeps_channels=True
    ),
    "shuffle_unit_v2": Kind(function=shuffle_unit_v2, keeps_channels=True),
    "inverted_residual": Kind(function=inverted_residual, ratio="expand"),
}


def kind(name: str) -> Kind:
    """A kind by name; FeatherboneError with the closest name where there is none."""
    if name not in KINDS:
        raise FeatherboneError(f"unknown block kind {name!r}", hint=did_you_mean(name, KINDS))
    return KINDS[name]


def apply(
    x: Wire, name: str, width: int, *, kernel: int, stride: int, ratio: int, groups: int, se: bool, act: str
) -> Wire:
    """One block of a stage, with what it needs before it to accept any input.

    >>> from featherbone.graph import image
    >>> apply(image(8, 32), "fire", 16, kernel=3, stride=2, ratio=4, groups=1, se=False, act="relu").shape
    (16, 16, 16)
    """
    chosen = kind(name)
    settings: dict[str, Any] = {"kernel": kernel, "act": act}
    if chosen.ratio is not None:
        settings[chosen.ratio] = ratio
    if chosen.groups is not None:
        settings[chosen.groups] = groups
    if not chosen.strides and stride != 1:
        x = x.max_pool(3, stride=stride, padding=1)
    elif chosen.strides:
        settings["stride"] = stride
    if name == "shuffle_unit":
        # The strided unit concatenates its input, so it can only widen; an input of any width may not be grouped.
        settings["shortcut"] = stride == 1 or (width > x.channels and (width - int(x.channels)) % groups == 0)
        settings["first_groups"] = groups if int(x.channels) % groups == 0 else 1
    if chosen.keeps_channels and stride == 1 and x.channels != width:
        x = unit(x, width, 1, act=act, name="widen")
    return (excited(chosen.function, reduction=SQUEEZE) if se else chosen.function)(x, width, **settings)
