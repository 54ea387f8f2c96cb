"""The options for what a file of weights does not say, in every command that takes weights from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from featherbone.errors import FeatherboneError
from featherbone.job.option import Option, OptionGroup

if TYPE_CHECKING:
    from featherbone.hub import WeightChoices

START, UNSAID = "Where it begins", "What --weights do not say"  # panels of the help


def _numbers(text: str, flag: str) -> tuple[float, ...]:
    """One number, or several between commas."""
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise FeatherboneError(
            f"{flag} is {text!r}; it must be a number, or one for each channel", hint=f"{flag} 0.485,0.456,0.406"
        ) from None


def _joined(numbers: tuple[float, ...]) -> str:
    return ",".join(map(str, numbers))


def weight_choices(**given: Any) -> WeightChoices:
    from featherbone.hub import WeightChoices

    return WeightChoices(**given)


CHOICES = OptionGroup(
    options=(
        Option(
            name="crop",
            kind=float,
            help="Share of the shorter side that is seen, such as 0.875; as the weights know, else 1.",
            panel=START,
        ),
        Option(
            name="interpolation",
            help="Of resized images: bilinear or bicubic; as the weights know.",
            panel=START,
        ),
        Option(name="activation", help="In place of each ReLU of the network, such as relu6.", panel=UNSAID),
        Option(
            name="tensorflow",
            kind=bool,
            negatable=True,
            help="Pad as TensorFlow, with its epsilon; published weights know.",
            panel=UNSAID,
        ),
        Option(
            name="drop_background", kind=bool, default=False, help="Leave out the file's first class.", panel=UNSAID
        ),
        Option(
            name="mean",
            help="Of pixels in 0..1, such as 0.5 or 0.485,0.456,0.406.",
            panel=UNSAID,
            read=_numbers,
            write=_joined,
        ),
        Option(name="std", help="Standard deviation, likewise.", panel=UNSAID, read=_numbers, write=_joined),
    ),
    join=weight_choices,
    split=vars,
)
