"""What to do to training images, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.errors import FeatherboneError

MAGNITUDES = 31  # levels of TrivialAugment and RandAugment, 0 to 30


@dataclass(frozen=True, kw_only=True)
class Augment:
    """What to do to training images; the defaults do nothing.

    >>> augment = Augment(pad=4, flip=True)
    >>> augment.pad, augment.erase
    (4, 0.0)

    On uint8 pixels, in this order:

    - `resized_crop`: the smallest share of the area that a random crop takes, 0.08 for ImageNet; its aspect is 3/4 to
      4/3, and it is resized to the whole (GoogLeNet, arXiv:1409.4842, section 6). 0 is off.
    - `color_jitter`: the largest changes of brightness, contrast and saturation (0.4 is 0.6 to 1.4) and of hue (0.1 is
      a tenth of the circle), in an order that is drawn too.
    - `trivial_augment`: one of 14 operations, its strength drawn from the wide space (arXiv:2103.10158, table 1).
    - `rand_augment`: how many of the same 14, each at one strength from 0 to 30 (arXiv:1909.13719). (2, 9) is usual.

    On normalised images, where zero is the mean colour:

    - `shift_scale_rotate`: the largest shift as a fraction of the side, the largest change of scale (0.1 is 0.9 to 1.1)
      and the largest rotation in degrees, drawn uniformly, sampled bilinearly, filled with the mean colour.
    - `pad`: a border of so many pixels of the mean colour, then a random crop of the original size (He 2015,
      arXiv:1512.03385, section 4.2).
    - `flip`: mirror left and right, with probability one half.
    - `erase`: the probability of filling a random rectangle with noise (Random Erasing, arXiv:1708.04896): 2–40 % of
      the area, aspect 0.3 to 3.3, one noise value per pixel and channel from N(0, 1), the spread of normalised images.

    On a batch and its labels, which become shares of the classes:

    - `mixup`: the α of Beta(α, α), from which the share of another image that is laid over is drawn (arXiv:1710.09412).
    - `cutmix`: the same for the area of a rectangle that is taken from another image (arXiv:1905.04899). With both,
      each image gets one or the other, with equal chance.

    Raises `FeatherboneError` for values outside of their range.
    """

    pad: int = 0
    flip: bool = False
    erase: float = 0.0
    shift_scale_rotate: tuple[float, float, float] = (0.0, 0.0, 0.0)
    resized_crop: float = 0.0
    color_jitter: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    trivial_augment: bool = False
    rand_augment: tuple[int, int] = (0, 0)
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        if self.pad < 0:
            raise FeatherboneError(f"pad is {self.pad}; it must be 0 or more pixels")
        _require("erase", self.erase, 0 <= self.erase <= 1, "it is a probability, from 0 to 1")
        shift, scale, degrees = self.shift_scale_rotate
        _require(
            "shift_scale_rotate",
            self.shift_scale_rotate,
            0 <= shift <= 1 and 0 <= scale < 1 and 0 <= degrees <= 180,
            "it must be within (1, 1, 180), the scale below 1",
            hint="a fraction of the side, a relative change of size, degrees; try (0.1, 0.1, 10)",
        )
        _require("resized_crop", self.resized_crop, 0 <= self.resized_crop <= 1, "it is a share of the area, 0 to 1")
        _require(
            "color_jitter",
            self.color_jitter,
            all(0 <= value <= limit for value, limit in zip(self.color_jitter, (1, 1, 1, 0.5), strict=True)),
            "it must be within (1, 1, 1, 0.5)",
            hint="the largest changes of brightness, contrast, saturation and hue; try (0.4, 0.4, 0.4, 0.1)",
        )
        count, magnitude = self.rand_augment
        _require(
            "rand_augment",
            self.rand_augment,
            0 <= count <= 14 and 0 <= magnitude < MAGNITUDES,
            f"it must be at most 14 operations and a magnitude from 0 to {MAGNITUDES - 1}",
            hint="try (2, 9)",
        )
        if self.trivial_augment and count:
            raise FeatherboneError(
                f"trivial_augment is set together with rand_augment {self.rand_augment}",
                hint="choose one: they draw from the same operations",
            )
        _require("mixup", self.mixup, 0 <= self.mixup <= 100, "it is the α of a Beta distribution, 0 (off) to 100")
        _require("cutmix", self.cutmix, 0 <= self.cutmix <= 100, "it is the α of a Beta distribution, 0 (off) to 100")

    @property
    def mixes(self) -> bool:
        """Whether labels become shares of the classes."""
        return bool(self.mixup or self.cutmix)

    @property
    def scales(self) -> bool:
        """Whether the same draws change images of any size alike, but for rounding to a pixel.

        >>> Augment(resized_crop=0.4, flip=True).scales, Augment(pad=4).scales
        (True, False)
        """
        sized = self.pad, self.erase, any(self.shift_scale_rotate), self.trivial_augment, self.rand_augment[0]
        return not (any(sized) or self.mixes)


def _require(name: str, value: object, holds: bool, allowed: str, *, hint: str = "") -> None:
    if not holds:
        raise FeatherboneError(f"{name} is {value}; {allowed}", hint=hint)
