"""What happens to an image before the network sees it; without it, weights are half a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.view import View

# What a file holds of it, by the version of the file: what a version does not know has the value that it always had.
FIRST = ("resolution", "channels", "mean", "std")
KEYS = {"1": FIRST, "2": (*FIRST, "crop", "interpolation")}
VERSION = "2"  # of model files and of the metadata in ONNX files


@dataclass(frozen=True, kw_only=True, slots=True)
class Preprocessing:
    """An image becomes ``channels`` × ``resolution`` × ``resolution`` values in 0..1, minus ``mean``, over ``std``.

    >>> Preprocessing(resolution=32, channels=1, mean=(0.5,), std=(0.25,)).shape
    (1, 32, 32)

    Its shorter side is resized, with this ``interpolation``, to resolution / ``crop``, and the centre is cut out: 1
    keeps the whole shorter side, and 0.875 resizes to 256 for 224 (``featherbone.view``).

    Raises:
        FeatherboneError: a size that is not positive, or not one finite mean and positive deviation for each channel;
            a crop or an interpolation that there is not.
    """

    resolution: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop: float = 1.0
    interpolation: str = "bilinear"

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
        try:
            _ = self.view
        except FeatherboneError as error:
            raise FeatherboneError(f"preprocessing's {error.sentence}", hint=error.hint) from None

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of what the network is given, without the batch."""
        return (self.channels, self.resolution, self.resolution)

    @property
    def view(self) -> View:
        """The part of an image that the network sees."""
        return View(crop=self.crop, interpolation=self.interpolation)


def read_preprocessing(settings: object, version: str) -> Preprocessing:
    """The preprocessing in a file of this version, out of the JSON that ``dataclasses.asdict`` made of it.

    >>> read_preprocessing({"resolution": 8, "channels": 1, "mean": [0.5], "std": [0.25]}, "1").crop
    1.0

    Raises:
        FeatherboneError: no object; other settings than that version has; values that they can't have.
    """
    if not isinstance(settings, dict):
        raise FeatherboneError("preprocessing in the header is not an object")
    if settings.keys() != set(KEYS[version]):
        found = ", ".join(sorted(map(str, settings))) or "nothing"
        raise FeatherboneError(f"preprocessing in the header has {found}; it needs {', '.join(sorted(KEYS[version]))}")
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in settings.items()}
    return Preprocessing(**values)
