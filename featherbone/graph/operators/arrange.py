"""Operators that move channels without arithmetic: slice, shuffle, zero-padding of channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape, divide, require_positive
from featherbone.graph.operators.base import Kept, Operator
from featherbone.graph.operators.flow import Cropped, Flow, Padded, Shuffled


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice(Operator):
    """Channels ``start`` up to, not including, ``stop``.

    >>> Slice(start=0, stop=58).output((116, 28, 28))
    (58, 28, 28)
    """

    kind: ClassVar[str] = "slice"
    start: Dim
    stop: Dim

    def output(self, *inputs: Shape) -> Shape:
        channels, size = inputs[0][0], self.stop - self.start
        numbers = [value for value in (self.start, self.stop, channels) if type(value) is int]
        if len(numbers) == 3 and not 0 <= self.start < self.stop <= channels:
            raise FeatherboneError(
                f"slice {self.start}:{self.stop} of {channels} channels; it must hold at least one of 0:{channels}"
            )
        return (size, *inputs[0][1:])

    def channels(self, *inputs: Shape) -> Flow:
        return Cropped(start=self.start, stop=self.stop)

    def narrowed(self, read: tuple[Kept, ...], written: Kept) -> Operator:
        start = sum(channel < self.start for channel in read[0])
        return replace(self, start=start, stop=start + len(written))

    def describe(self, *inputs: Shape) -> str:
        return f"slice {self.start}:{self.stop}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelShuffle(Operator):
    """Channels as a (groups, channels/groups) table, read by columns (ShuffleNet, arXiv:1707.01083, section 3.1)."""

    kind: ClassVar[str] = "channel_shuffle"
    groups: Dim

    def check(self) -> None:
        require_positive("groups", self.groups)

    def output(self, *inputs: Shape) -> Shape:
        if divide(inputs[0][0], self.groups) is None:
            raise FeatherboneError(f"shuffle's {self.groups} groups do not divide its {inputs[0][0]} channels")
        return inputs[0]

    def channels(self, *inputs: Shape) -> Flow:
        return Shuffled(groups=self.groups)

    def describe(self, *inputs: Shape) -> str:
        return f"channel shuffle g={self.groups}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PadChannels(Operator):
    """Channels of zeros before and after: the parameter-free shortcut "option A" of ResNet (arXiv:1512.03385, 4.2)."""

    kind: ClassVar[str] = "pad_channels"
    before: Dim
    after: Dim

    def check(self) -> None:
        for value in (self.before, self.after):
            if type(value) is int and value < 0:
                raise FeatherboneError(f"pad_channels by {value}; it must not be negative")

    def output(self, *inputs: Shape) -> Shape:
        return (inputs[0][0] + self.before + self.after, *inputs[0][1:])

    def channels(self, *inputs: Shape) -> Flow:
        return Padded(before=self.before, after=self.after)

    def narrowed(self, read: tuple[Kept, ...], written: Kept) -> Operator:
        before = sum(channel < self.before for channel in written)
        return replace(self, before=before, after=len(written) - before - len(read[0]))
