"""What a person asks of a quantization."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.job import common_options as common
from featherbone.job.common_options import WORK
from featherbone.job.option import option

MODEL_HELP = "The trained network, a model.safetensors; `featherbone convert` makes one of weights from elsewhere."
IMAGES = 512  # of training, that grids and integers are chosen by
BITS = (8, 6, 5, 4, 3, 2)  # of a weight
MAPS = {"8": 8, "16": 16, "float": None}  # bits of a map


@dataclass(frozen=True, kw_only=True)
class QuantizeRequest:
    """A quantization as it is asked for.

    >>> QuantizeRequest(model="model.safetensors", source="photos", weights=4).map_bits
    8

    - `model`: the file of the network; `source`: what ``open_dataset`` takes, images like those that it will see.
    - `weights`: bits of each weight; `maps`: bits of what layers write, 8 or 16, or ``float``, which is left as it is.
    - `max_drop`: points of top-1 on the validation images that may be lost; None does not limit it.
    - `float_layers`: so many layers at most may be left in float to keep that.
    - `time`: seconds in which integers that lose more than that learn from the float network; None is not at all.
    - `images`: so many of the training images at most, whose labels are not looked at, choose grids and integers.
    - `name`, `out`: of the run's folder.

    Raises:
        FeatherboneError: bits that there are not; a drop or a number of layers below zero.
    """

    model: str = option(MODEL_HELP, default=MISSING, is_argument=True)
    source: str | Path = common.photos()
    weights: int = option("Bits of a weight: 8, 6, 5, 4, 3 or 2.", int, default=8)
    maps: str = option("Bits of what layers write: 8, 16, or float, which leaves them as they are.", default="8")
    max_drop: float = option("Most points of top-1 that validation images may lose.", float, default=0.2)
    float_layers: int = option("Most layers that may be left in float to keep that.", int, default=4, least=0)
    time: float | None = common.time("Time in which integers that lose more learn from the float network, such as 20m.")
    images: int = option("Training images that grids and integers are chosen by.", int, default=IMAGES, least=1)
    seed: int = common.seed("images")
    skip_bad: bool = common.skip_bad(WORK)
    name: str | None = common.name()
    out: Path | None = common.out()

    def __post_init__(self) -> None:
        if self.weights not in BITS:
            raise FeatherboneError(f"--weights is {self.weights}; it may be {', '.join(map(str, BITS))} bits")
        if self.maps not in MAPS:
            raise FeatherboneError(f"--maps is {self.maps!r}; it may be {', '.join(MAPS)}")
        if not 0 <= self.max_drop <= 100:
            raise FeatherboneError(f"--max-drop is {self.max_drop}; it must lie in 0 to 100 points")

    @property
    def map_bits(self) -> int | None:
        """Bits of a map; None where maps are left in float."""
        return MAPS[self.maps]
