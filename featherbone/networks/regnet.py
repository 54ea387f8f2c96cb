"""Designing Network Design Spaces (arXiv:2003.13678): RegNetX and RegNetY, sections 3.3 and 4.

Six numbers make a network: the widths of its blocks follow a line, quantized to a few stages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby

from featherbone.blocks import squeeze_excitation, unit
from featherbone.blocks.shortcut import residual
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, Wire, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import share

STEM = 32
DIVISOR = 8  # of every width


@dataclass(frozen=True, kw_only=True)
class RegNetDesign:
    """A point of the design space.

    ``initial_width`` is the paper's w₀, ``slope`` w_a, ``multiplier`` w_m, ``depth`` the number of blocks;
    ``group_width`` is the channels in a group of the 3×3 convolutions; ``excited`` makes an X a Y.
    """

    depth: int
    initial_width: int
    slope: float
    multiplier: float
    group_width: int
    excited: bool = False

    def __post_init__(self) -> None:
        for what, value, least, most in (
            ("depth", self.depth, 1, 256),
            ("initial_width", self.initial_width, DIVISOR, 4096),
            ("slope", self.slope, 0, 4096),
            ("multiplier", self.multiplier, 1.001, 100),
            ("group_width", self.group_width, 1, 4096),
        ):
            if not least <= value <= most:
                raise FeatherboneError(f"{what} is {value!r}; it must lie in {least}..{most}")

    def stages(self) -> tuple[tuple[int, int], ...]:
        """The width and the number of blocks of each stage (equations 2 to 4).

        >>> MODELS["regnetx_200mf"].stages()
        ((24, 1), (56, 1), (152, 4), (368, 7))
        """
        widths = []
        for block in range(self.depth):
            on_line = self.initial_width + self.slope * block
            step = round(math.log(on_line / self.initial_width) / math.log(self.multiplier))
            widths.append(round(self.initial_width * self.multiplier**step / DIVISOR) * DIVISOR)
        return tuple((self._in_whole_groups(width), len(list(alike))) for width, alike in groupby(widths))

    def _in_whole_groups(self, width: int) -> int:
        group = min(self.group_width, width)
        return round(width / group) * group


MODELS = {
    "regnetx_200mf": RegNetDesign(depth=13, initial_width=24, slope=36.44, multiplier=2.49, group_width=8),
    "regnetx_400mf": RegNetDesign(depth=22, initial_width=24, slope=24.48, multiplier=2.54, group_width=16),
    "regnetx_600mf": RegNetDesign(depth=16, initial_width=48, slope=36.97, multiplier=2.24, group_width=24),
    "regnetx_800mf": RegNetDesign(depth=16, initial_width=56, slope=35.73, multiplier=2.28, group_width=16),
    "regnety_200mf": RegNetDesign(
        depth=13, initial_width=24, slope=36.44, multiplier=2.49, group_width=8, excited=True
    ),
    "regnety_400mf": RegNetDesign(
        depth=16, initial_width=48, slope=27.89, multiplier=2.09, group_width=8, excited=True
    ),
    "regnety_600mf": RegNetDesign(
        depth=15, initial_width=48, slope=32.54, multiplier=2.32, group_width=16, excited=True
    ),
    "regnety_800mf": RegNetDesign(
        depth=14, initial_width=56, slope=38.84, multiplier=2.4, group_width=16, excited=True
    ),
}


def regnet(
    *,
    depth: int = 16,
    initial_width: int = 56,
    slope: float = 35.73,
    multiplier: float = 2.28,
    group_width: int = 16,
    excited: bool = False,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """Any RegNet of your own: residual blocks whose widths follow a line, in a few steps.

    >>> regnet(depth=20, initial_width=48, slope=30.0, multiplier=2.5, group_width=24).output_shape
    (1000,)

    Block j is to be ``initial_width`` + ``slope`` · j wide, moved to the nearest power of ``multiplier`` times
    ``initial_width`` and to whole groups of ``group_width`` channels. ``excited`` adds squeeze-and-excitation, which
    makes a RegNetX a RegNetY. The small-image form has neither the stride of the stem nor that of the first stage; its
    usual resolution is 32 instead of 224.
    """
    design = RegNetDesign(
        depth=depth,
        initial_width=initial_width,
        slope=slope,
        multiplier=multiplier,
        group_width=group_width,
        excited=excited,
    )
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    return _classified(x, design, classes, small=small).graph("regnet")


def regnet_model(
    *,
    model: str = "regnetx_200mf",
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """One of the paper's RegNets: grouped residual blocks without a bottleneck, found as a simple rule.

    >>> regnet_model(model="regnety_400mf").output_shape
    (1000,)

    The small-image form is as in ``regnet``.
    """
    if model not in MODELS:
        raise FeatherboneError(f"model is {model!r}; it must be one of {', '.join(MODELS)}")
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    return _classified(x, MODELS[model], classes, small=small).graph(model)


def _classified(x: Wire, design: RegNetDesign, classes: int, *, small: bool) -> Wire:
    with scope("stem"):
        x = unit(x, STEM, 3, stride=1 if small else 2)
    for stage, (width, blocks) in enumerate(design.stages(), start=1):
        first = 1 if small and stage == 1 else 2
        for number in range(1, blocks + 1):
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = _block(x, width, design, stride=first if number == 1 else 1)
    return classifier(x, classes)


def _block(x: Wire, out: int, design: RegNetDesign, *, stride: int) -> Wire:
    """ResNeXt's block as wide inside as outside; excited before its last convolution."""
    y = unit(x, out, 1, name="pointwise1")
    y = unit(y, out, 3, stride=stride, groups=out // min(design.group_width, out))
    if design.excited:
        y = squeeze_excitation(y, narrow=share(x.channels, 1, 4))
    y = unit(y, out, 1, act=None, name="pointwise2")
    return residual(x, y, stride=stride).act("relu", name="act")
