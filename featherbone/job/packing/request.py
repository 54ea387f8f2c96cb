"""What a person asks of a packing."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.job import common_options as common
from featherbone.job.common_options import WORK
from featherbone.job.option import option
from featherbone.quantity import exact, parse_bytes

MODEL_HELP = "The trained network, a model.safetensors; `featherbone convert` makes one of weights from elsewhere."
MAX_DROP = 0.5  # points
IMAGES = 1024  # of training, that weights are rounded by
ENDING = ".fbone"


@dataclass(frozen=True, kw_only=True)
class PackRequest:
    """A packing as it is asked for; one of `max_drop` and `size`, or neither for half a point.

    >>> PackRequest(model="model.safetensors", source="photos", out=Path("model.fbone"), size=470_000).size
    470000

    - `model`: the file of the network; `source`: what ``open_dataset`` takes, images like those that it will see.
    - `max_drop`: so many points of top-1 may be lost on the images that are held back (split val); where their classes
      are not the network's, so many of a hundred images may be answered otherwise than before.
    - `size`: bytes that the file may have.
    - `images`: so many of the training images at most, whose labels are not looked at, decide how weights are rounded.
    - `out`: the file that is written.

    Raises:
        FeatherboneError: both limits, one that it can't have, or a file to write under another ending than .fbone.
    """

    model: str = option(MODEL_HELP, default=MISSING, is_argument=True)
    source: str | Path = common.source()
    max_drop: float | None = option("Points of top-1 that may be lost on images held back; 0.5.", float)
    size: int | None = option(
        "Bytes that the file may have, such as 470KB.",
        read=lambda text, flag: parse_bytes(text, what=flag),
        write=exact,
    )
    out: Path = option("The file to write, X.fbone.", Path, default=MISSING, read=lambda text, _: Path(text))
    images: int = option("Training images that weights are rounded by.", int, default=IMAGES, least=2)
    seed: int = common.seed("images")
    skip_bad: bool = common.skip_bad(WORK)

    def __post_init__(self) -> None:
        if self.max_drop is not None and self.size is not None:
            raise FeatherboneError(
                "--max-drop and --size are both given; each decides how small", hint="give one of them"
            )
        if self.max_drop is not None and not (math.isfinite(self.max_drop) and 0 <= self.max_drop <= 100):
            raise FeatherboneError(f"--max-drop is {self.max_drop}; it must be 0 to 100 points", hint="such as 0.5")
        if self.size is not None and self.size < 1:
            raise FeatherboneError(f"--size is {self.size}; it must be at least 1 byte", hint="such as 470KB")
        if self.out.suffix != ENDING:
            raise FeatherboneError(
                f"--out is {self.out}; a packed file ends in {ENDING}",
                hint=f"--out {self.out.with_suffix(ENDING)}" if self.out.name else "name a file",
            )

    @property
    def drop(self) -> float:
        """Points that may be lost, where no size is asked for."""
        return MAX_DROP if self.max_drop is None else self.max_drop
