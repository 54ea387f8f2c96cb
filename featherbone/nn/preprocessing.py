"""What happens to an image before the network sees it; without it, weights are half a model."""

from __future__ import annotations

import math
from dataclasses import dataclass

from featherbone.errors import FeatherboneError


@dataclass(frozen=True, kw_only=True, slots=True)
class Preprocessing:
    """An image becomes ``channels`` × ``resolution`` × ``resolution`` values in 0..1, minus ``mean``, over ``std``.

    >>> Preprocessing(resolution=32, channels=1, mean=(0.5,), std=(0.25,)).shape
    (1, 32, 32)

    Raises:
        FeatherboneError: a size that is not positive, or not one finite mean and positive deviation for each channel.
    """

    resolution: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, size in (("resolution", self.resolution), ("channels", self.channels)):
            if type(size) is not int or size < 1:
                raise FeatherboneError(f"preprocessing's {name} is {size!r}; it must be a whole number of at least 1")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if not isinstance(values, tuple) or not all(type(v) in (int, float) and math.isfinite(v) for v in values):
                raise FeatherboneError(f"preprocessing's {name} is {values!r}; it must be a tuple of finite numbers")
            if len(values) != self.channels:
                raise FeatherboneError(f"preprocessing's {name} has {len(values)} values for {self.channels} channels")
        if min(self.std) <= 0:
            raise FeatherboneError(f"preprocessing's std is {self.std}; each value must be positive")

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of what the network is given, without the batch."""
        return (self.channels, self.resolution, self.resolution)
