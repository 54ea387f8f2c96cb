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
RATE_DISTORTION, DEEP_COMPRESSION, BOTH = METHODS = ("rate-distortion", "deep-compression", "both")
PUBLISHED = "Deep Compression as published, to compare with"  # a panel of the help
MOST_BITS = 8


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
    - `time`: seconds in which the levels are trained by what the network answered, with the bits in the loss.
    - `out`: the file that is written.
    - `method`: how; ``deep-compression`` writes nothing and needs no images, it says what that would take; ``both``
      writes the file and says that, too. `keep`, `threshold` and `bits` are Deep Compression's, as
      ``featherbone.pack.deep_compression.network`` takes them.

    Raises:
        FeatherboneError: both limits, one that it can't have, a file to write under another ending than .fbone, or
            options of another method; no images or no file where a file is to be written.
    """

    model: str = option(MODEL_HELP, default=MISSING, is_argument=True)
    source: str | Path | None = option(common.PHOTOS_HELP, name="data", is_argument=True)
    max_drop: float | None = option("Points of top-1 that may be lost on images held back; 0.5.", float)
    size: int | None = option(
        "Bytes that the file may have, such as 470KB.",
        read=lambda text, flag: parse_bytes(text, what=flag),
        write=exact,
    )
    out: Path | None = option("The file to write, X.fbone.", Path)
    time: float | None = common.time("Time in which levels learn from the network as it was, such as 30m.")
    images: int = option("Training images that weights are rounded by.", int, default=IMAGES, least=2)
    seed: int = common.seed("images")
    skip_bad: bool = common.skip_bad(WORK)
    method: str = option(f"{', '.join(METHODS[:-1])} or {METHODS[-1]}.", default=METHODS[0], panel=PUBLISHED)
    keep: float | None = option("The share of each layer's weights that stay; 0.33.", float, panel=PUBLISHED)
    threshold: float | None = option(
        "Instead, weights beyond so many standard deviations of their layer stay.", float, panel=PUBLISHED
    )
    bits: int | None = option(
        "Of a weight that stays; 8 in convolutions and 5 in linear layers.",
        int,
        least=1,
        most=MOST_BITS,
        panel=PUBLISHED,
    )

    def __post_init__(self) -> None:
        self._require_method()
        if self.max_drop is not None and self.size is not None:
            raise FeatherboneError(
                "--max-drop and --size are both given; each decides how small", hint="give one of them"
            )
        if self.max_drop is not None and not (math.isfinite(self.max_drop) and 0 <= self.max_drop <= 100):
            raise FeatherboneError(f"--max-drop is {self.max_drop}; it must be 0 to 100 points", hint="such as 0.5")
        if self.size is not None and self.size < 1:
            raise FeatherboneError(f"--size is {self.size}; it must be at least 1 byte", hint="such as 470KB")
        if self.out is not None and self.out.suffix != ENDING:
            raise FeatherboneError(
                f"--out is {self.out}; a packed file ends in {ENDING}",
                hint=f"--out {self.out.with_suffix(ENDING)}" if self.out.name else "name a file",
            )
        if self.method != DEEP_COMPRESSION and self.source is None:
            raise FeatherboneError("DATA is missing; weights are rounded by images", hint="name a folder of some")
        if self.method != DEEP_COMPRESSION and self.out is None:
            raise FeatherboneError("--out is missing; a packed network is a file", hint="--out model.fbone")

    def _require_method(self) -> None:
        """Raise where options do not belong to the method."""
        if self.method not in METHODS:
            raise FeatherboneError(f"--method is {self.method!r}; it must be one of {', '.join(METHODS)}")
        own = self.keep, self.threshold, self.bits
        packs = self.out, self.max_drop, self.size, self.time
        if self.method == RATE_DISTORTION and any(value is not None for value in own):
            raise FeatherboneError(
                "--keep, --threshold and --bits are options of Deep Compression", hint=f"--method {DEEP_COMPRESSION}"
            )
        if self.method == DEEP_COMPRESSION and any(value is not None for value in packs):
            raise FeatherboneError(
                "--out, --max-drop, --size and --time are for a file, and --method deep-compression only tells sizes",
                hint=f"--method {BOTH} writes the file of {RATE_DISTORTION} beside it",
            )
        if self.keep is not None and self.threshold is not None:
            raise FeatherboneError(
                "--keep and --threshold are both given; each decides which weights stay", hint="give one of them"
            )
        if self.keep is not None and not 0 < self.keep <= 1:
            raise FeatherboneError(f"--keep is {self.keep}; it must be above 0 and at most 1", hint="such as 0.33")
        if self.threshold is not None and not (math.isfinite(self.threshold) and self.threshold >= 0):
            raise FeatherboneError(
                f"--threshold is {self.threshold}; it must be at least 0 standard deviations", hint="such as 0.5"
            )
        if self.bits is not None and not 1 <= self.bits <= MOST_BITS:
            raise FeatherboneError(f"--bits is {self.bits}; it must be 1 to {MOST_BITS}", hint="such as 6")

    def allows(self, size: int, drop: float) -> bool:
        """Whether a file of this size that loses so many points may be written."""
        return drop <= self.drop if self.size is None else size <= self.size

    @property
    def drop(self) -> float:
        """Points that may be lost, where no size is asked for."""
        return MAX_DROP if self.max_drop is None else self.max_drop
