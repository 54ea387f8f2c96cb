"""The part of an image that a network sees, and how it is resized: as the author of its weights did it."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.errors import FeatherboneError, did_you_mean

INTERPOLATIONS = ("bilinear", "bicubic")


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """The shorter side is resized to resolution / ``crop``, and the centre resolution × resolution is cut out.

    >>> View(crop=0.875).resized(224)  # ImageNet's usual: resize to 256, cut 224
    256
    >>> str(View()), str(View(crop=0.875, interpolation="bicubic"))
    ('the whole shorter side, bilinear', 'the centre 87.5 % of the shorter side, bicubic')

    ``crop`` is a share, above 0 and at most 1; ``interpolation`` is one of ``INTERPOLATIONS``, always antialiased.

    Raises:
        FeatherboneError: another share, another interpolation.
    """

    crop: float = 1.0
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        if type(self.crop) not in (int, float) or not 0 < self.crop <= 1:
            raise FeatherboneError(
                f"crop is {self.crop!r}; it is the share of the shorter side that is kept, above 0 and at most 1",
                hint="resizing to 256 and cutting 224 is crop=0.875",
            )
        if self.interpolation not in INTERPOLATIONS:
            raise FeatherboneError(
                f"interpolation is {self.interpolation!r}; it must be one of {', '.join(INTERPOLATIONS)}",
                hint=did_you_mean(str(self.interpolation), INTERPOLATIONS),
            )

    def resized(self, resolution: int) -> int:
        """The shorter side, in pixels, out of which ``resolution`` is cut."""
        return round(resolution / self.crop)

    def __str__(self) -> str:
        part = "the whole" if self.crop == 1 else f"the centre {100 * self.crop:.4g} % of the"
        return f"{part} shorter side, {self.interpolation}"


WHOLE = View()
