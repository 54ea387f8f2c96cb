"""Where the channels that an operator writes come from: a closed set of frozen values, one for each way there is.

``Operator.channels`` answers with one of them, beside the operator's shape rule; ``featherbone.graph.channel_sets``
reads them. For a vector a channel is a feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from featherbone.graph.dimension import Dim


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """The channels are there from the beginning, and nobody may change how many."""

    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Through:
    """Channel i comes from channel i of every input; an input with a single channel is stretched over all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixed:
    """Every channel comes from all channels that are read, in each of ``groups`` equal parts on its own."""

    groups: Dim = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeated:
    """Channel i comes from channel i // ``times`` alone: each channel becomes ``times`` of them, side by side."""

    times: Dim


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """The channels of the first input, then those of the second, and so on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cropped:
    """Channels ``start`` up to, not including, ``stop``."""

    start: Dim
    stop: Dim


@dataclass(frozen=True, kw_only=True, slots=True)
class Reordered:
    """Channel i comes from channel ``order[i]``, and each is named once."""

    order: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Padded:
    """``before`` channels of zeros, the channels that are read, ``after`` channels of zeros."""

    before: Dim
    after: Dim


@dataclass(frozen=True, kw_only=True, slots=True)
class Entangled:
    """Nothing may be taken out of what is read or written: the result would be another one."""

    why: str


Flow: TypeAlias = "Given | Through | Mixed | Repeated | Joined | Cropped | Reordered | Padded | Entangled"
