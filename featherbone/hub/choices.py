"""What a file of weights does not say of the network that it was trained in, so that whoever loads it may choose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.graph.operators import Activation
from featherbone.view import View


@dataclass(frozen=True, kw_only=True)
class WeightChoices:
    """The choices of ``featherbone.load`` and of ``featherbone train --weights``; None is what is known or usual.

    >>> WeightChoices(activation="relu6", crop=0.875).words()
    {'activation': 'relu6', 'crop': 0.875}

    - `activation`: in place of each ReLU of the network, such as ``"relu6"``.
    - `tensorflow`: windows are padded as TensorFlow's SAME, and norms have its epsilon of 0.001.
    - `drop_background`: the first class of the file, TensorFlow's background, is left out.
    - `mean`, `std`: of each channel, pixels being in 0..1, or one number for all channels.
    - `crop`, `interpolation`: the part of an image that is seen, and how it is resized (``featherbone.view.View``).

    Raises:
        FeatherboneError: an unknown activation or interpolation; numbers that can't be.
    """

    activation: str | None = None
    tensorflow: bool | None = None
    drop_background: bool = False
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    crop: float | None = None
    interpolation: str | None = None

    def __post_init__(self) -> None:
        if self.activation is not None:
            Activation(function=self.activation).check()
        self.over(View())
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values is not None and not (values and all(map(math.isfinite, values))):
                raise FeatherboneError(
                    f"{name} is {','.join(map(str, values)) or 'empty'}; it must be a finite number for each channel",
                    hint="pixels are in 0..1: a mean of 127 of 255 is 0.498",
                )
        if self.std is not None and min(self.std) <= 0:
            raise FeatherboneError(f"std is {','.join(map(str, self.std))}; each number must be positive")

    def over(self, usual: View) -> View:
        """The view that was chosen, over the usual one."""
        return View(
            crop=usual.crop if self.crop is None else self.crop,
            interpolation=self.interpolation or usual.interpolation,
        )

    def scale(self, name: str, usual: tuple[float, ...]) -> tuple[float, ...]:
        """The ``mean`` or ``std`` that was chosen, over the usual one, for as many channels."""
        chosen: tuple[float, ...] | None = getattr(self, name)
        if chosen is None:
            return usual
        return chosen * len(usual) if len(chosen) == 1 else chosen

    def words(self) -> dict[str, Any]:
        """What was chosen, by name, as a command line has it."""
        chosen = {name: value for name, value in vars(self).items() if value is not None}
        if not self.drop_background:
            del chosen["drop_background"]
        if self.tensorflow is False:
            del chosen["tensorflow"]
            chosen["no_tensorflow"] = True
        return {name: ",".join(map(str, v)) if isinstance(v, tuple) else v for name, v in chosen.items()}

    def only_for_weights(self) -> str:
        """The first choice that means nothing without weights, else an empty text; a view is for any images."""
        return next((name for name in self.words() if name not in ("crop", "interpolation")), "")
