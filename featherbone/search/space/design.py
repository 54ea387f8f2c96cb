"""A network that a search can propose: a stem, stages of one block each, a head. A value, and one line of text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from featherbone.blocks import excited, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Wire, image, scope
from featherbone.search.space.block_kinds import SQUEEZE, kind


@dataclass(frozen=True, kw_only=True)
class Stem:
    """The first convolution: its width, kernel, stride and activation.

    >>> Stem(width=16, kernel=4)
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: stem has kernel 4; it must be odd (such as 3, 5 or 7)
    """

    width: int
    kernel: int = 3
    stride: int = 1
    act: str = "relu"

    def __post_init__(self) -> None:
        require_odd("stem", self.kernel)


MOST_BLOCKS = 1000  # the deepest network of the papers has some 150


@dataclass(frozen=True, kw_only=True)
class Stage:
    """``depth`` blocks of one kind and width; the first takes the stride.

    >>> Stage(kind="inverted_residual", width=16, ratio=4).depth
    1

    ``ratio`` is the expansion, reduction or squeeze of the kinds that have one, ``groups`` as well; 1 elsewhere.
    """

    kind: str
    width: int
    depth: int = 1
    kernel: int = 3
    stride: int = 1
    ratio: int = 1
    groups: int = 1
    se: bool = False
    act: str = "relu"

    def __post_init__(self) -> None:
        chosen = kind(self.kind)
        multiple = chosen.multiple(self.ratio, self.groups)
        if self.width % multiple:
            raise FeatherboneError(f"{self.kind} has width {self.width}; it must be a multiple of {multiple}")
        for name, argument in (("ratio", chosen.ratio), ("groups", chosen.groups)):
            if argument is None and getattr(self, name) != 1:
                raise FeatherboneError(f"{self.kind} has no {name}; it was given {getattr(self, name)}")
        if self.ratio < chosen.least_ratio:
            raise FeatherboneError(f"{self.kind} has ratio {self.ratio}; it must be at least {chosen.least_ratio}")
        require_odd(self.kind, self.kernel)


@dataclass(frozen=True, kw_only=True)
class Design:
    """A network before its data: what a search proposes, costs and trains.

    >>> design = Design.parse("r32 | stem w16 | basic w16 d1 | inverted_residual w32 d2 s2 t4 se | head w64")
    >>> design.stages[1].ratio, design.head
    (4, 64)
    >>> Design.parse(str(design)) == design
    True
    >>> design.graph(classes=10, channels=3).output_shape
    (10,)

    ``head`` is the width of a pointwise convolution before the pooling; 0 is none.
    """

    resolution: int
    stem: Stem
    stages: tuple[Stage, ...] = field(default=())
    head: int = 0

    def __post_init__(self) -> None:
        blocks = sum(stage.depth for stage in self.stages)
        if blocks > MOST_BLOCKS:
            raise FeatherboneError(f"a design of {blocks:,} blocks; at most {MOST_BLOCKS:,} are built")

    def __str__(self) -> str:
        from featherbone.search.space.design_text import write

        return write(self)

    @staticmethod
    def parse(text: str) -> Design:
        """The design that ``str`` wrote; FeatherboneError says what is wrong with any other text."""
        from featherbone.search.space.design_text import read

        return read(text)

    def graph(self, *, classes: int, channels: int, name: str = "design") -> Graph:
        """The network, from an image of ``channels`` to one number a class.

        Raises:
            FeatherboneError: with the node's name, where a block does not fit the map that it gets.
        """
        x = stem(image(channels, self.resolution), self.stem)
        for place, stage in enumerate(self.stages, start=1):
            with scope(f"stage{place}"):
                x = _stage(x, stage)
        last = self.stages[-1].act if self.stages else self.stem.act
        return head(x, self.head, classes=classes, act=last).graph(name)


def require_odd(where: str, kernel: int) -> None:
    """Raise unless the kernel has a middle: an even one would make the map grow by a row and a column."""
    if kernel % 2 == 0:
        raise FeatherboneError(f"{where} has kernel {kernel}; it must be odd", hint="such as 3, 5 or 7")


def stem(x: Wire, chosen: Stem) -> Wire:
    """The first convolution, on the image."""
    with scope("stem"):
        return unit(x, chosen.width, chosen.kernel, stride=chosen.stride, act=chosen.act)


def head(x: Wire, width: int, *, classes: int, act: str) -> Wire:
    """A pointwise convolution of ``width``, unless that is 0, then pooling and the classifier."""
    with scope("head"):
        if width:
            x = unit(x, width, 1, act=act)
        return x.global_pool().flatten().linear(classes, name="classify")


def block(x: Wire, stage: Stage, *, stride: int) -> Wire:
    """One block of a stage, with what it needs before it to accept any input.

    >>> block(image(8, 32), Stage(kind="fire", width=16, ratio=4), stride=2).shape
    (16, 16, 16)

    All that it decides by the channels of ``x`` is what ``case_of`` tells apart.
    """
    chosen = kind(stage.kind)
    settings: dict[str, Any] = {"kernel": stage.kernel, "act": stage.act}
    if chosen.ratio is not None:
        settings[chosen.ratio] = stage.ratio
    if chosen.groups is not None:
        settings[chosen.groups] = stage.groups
    if not chosen.strides and stride != 1:
        x = x.max_pool(3, stride=stride, padding=1)
    elif chosen.strides:
        settings["stride"] = stride
    if chosen.keeps_channels and stride == 1 and x.channels != stage.width:
        x = unit(x, stage.width, 1, act=stage.act, name="widen")
    function = excited(chosen.function, reduction=SQUEEZE) if stage.se else chosen.function
    return function(x, stage.width, **settings)


def _stage(x: Wire, stage: Stage) -> Wire:
    for place in range(1, stage.depth + 1):
        with scope(f"block{place}"):
            x = block(x, stage, stride=stage.stride if place == 1 else 1)
    return x
