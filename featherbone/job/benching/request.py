"""What a person asks of a bench."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.errors import FeatherboneError

PRECISIONS = ("float32", "int8")  # unless others are asked for


@dataclass(frozen=True, kw_only=True)
class BenchRequest:
    """A bench as it is asked for.

    >>> BenchRequest(models=("model.safetensors",)).threads
    (1,)

    - `models`: files of networks; `source`: labelled images, which accuracy is measured on and int8 is chosen by.
    - `to`: targets by name, None is all; `precisions`: of float networks.
    - `input`: tensor or image, None is image where a target can.
    - `threads`: each number is measured.
    - `split`: of the images, as `evaluate` takes it.
    - `seconds`: that each file is run for, with each number of threads.
    - `images`: so many training images at most choose integers.

    Raises:
        FeatherboneError: no model; threads below 1; seconds that are not positive.
    """

    models: tuple[str, ...]
    source: str | None = None
    to: tuple[str, ...] | None = None
    precisions: tuple[str, ...] = PRECISIONS
    input: str | None = None
    threads: tuple[int, ...] = (1,)
    split: str | None = None
    seconds: float = 2.0
    images: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.models:
            raise FeatherboneError("there is no model to measure", hint="name at least one model.safetensors")
        if min(self.threads) < 1:
            raise FeatherboneError(f"threads is {min(self.threads)}; it must be at least 1")
        if not self.seconds > 0:
            raise FeatherboneError(f"seconds is {self.seconds}; it must be positive")
