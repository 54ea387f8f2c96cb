"""Operators that move channels without arithmetic: slice, shuffle, any other order, zero-padding of channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape, divide, require_positive
from featherbone.graph.operators.base import Kept, Operator
from featherbone.graph.operators.flow import Cropped, Flow, Padded, Reordered


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

    def narrowed(self, read: tuple[Kept, ...], written: Kept, *inputs: Shape) -> Operator:
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
        return Reordered(order=shuffled(int(inputs[0][0]), int(self.groups)))

    def narrowed(self, read: tuple[Kept, ...], written: Kept, *inputs: Shape) -> Operator:
        groups = int(self.groups)
        return reordered(shuffled(int(inputs[0][0]), groups), read[0], written, groups)

    def describe(self, *inputs: Shape) -> str:
        return f"channel shuffle g={self.groups}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reorder(Operator):
    """The channels in another order, channel ``order[i]`` as channel i: what a shuffle becomes when some are cut.

    >>> Reorder(order=(2, 0, 1)).output((3, 7, 7))
    (3, 7, 7)
    """

    kind: ClassVar[str] = "reorder"
    order: tuple[int, ...]

    def check(self) -> None:
        if sorted(self.order) != list(range(len(self.order))):
            raise FeatherboneError(
                f"reorder of {len(self.order)} channels does not name each of 0 to {len(self.order) - 1} once"
            )

    def output(self, *inputs: Shape) -> Shape:
        if inputs[0][0] != len(self.order):
            raise FeatherboneError(f"reorder names {len(self.order)} channels; its input has {inputs[0][0]}")
        return inputs[0]

    def channels(self, *inputs: Shape) -> Flow:
        return Reordered(order=self.order)

    def narrowed(self, read: tuple[Kept, ...], written: Kept, *inputs: Shape) -> Operator:
        return reordered(self.order, read[0], written)


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

    def narrowed(self, read: tuple[Kept, ...], written: Kept, *inputs: Shape) -> Operator:
        before = sum(channel < self.before for channel in written)
        return replace(self, before=before, after=len(written) - before - len(read[0]))


def shuffled(channels: int, groups: int) -> tuple[int, ...]:
    """The order that a shuffle of so many channels writes.

    >>> shuffled(6, 2)
    (0, 3, 1, 4, 2, 5)
    """
    columns = channels // groups
    return tuple(row * columns + column for column in range(columns) for row in range(groups))


def reordered(order: Kept, read: Kept, written: Kept, groups: int = 1) -> Operator:
    """The operator that writes these channels of an order, out of those that are read: a shuffle where it is one.

    >>> reordered(shuffled(6, 2), (0, 2, 3, 5), (0, 1, 4, 5), groups=2)
    ChannelShuffle(groups=2)
    """
    place = {channel: new for new, channel in enumerate(read)}
    left = tuple([place[order[channel]] for channel in written])
    if groups > 1 and len(left) % groups == 0 and left == shuffled(len(left), groups):
        return ChannelShuffle(groups=groups)
    return Reorder(order=left)
