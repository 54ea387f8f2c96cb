"""How to train, as a value: everything that decides the result beside the network, the data and the seed."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from featherbone.data.augment import Augment
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.fields import read_field
from featherbone.train.schedule import SCHEDULES

OPTIMIZERS = ("sgd", "adamw")
MOST_EPOCHS = 100_000


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the training loop does; every field has a use, and zero turns a part off.

    >>> recipe = Recipe(epochs=30, optimizer="sgd", learning_rate=0.1, augment=Augment(pad=4, flip=True))
    >>> Recipe.from_json(recipe.to_json()) == recipe
    True

    - `batch_size`: at most so many images a step; an epoch is cut in equal batches.
    - `optimizer`: `sgd` (Nesterov momentum 0.9) or `adamw` (betas 0.9 and 0.999).
    - `learning_rate`: the highest, reached after `warmup_epochs` and then lowered to zero along `schedule`
      (`featherbone.train.schedule`).
    - `weight_decay`: not applied to norms, biases and depthwise kernels (MobileNet v1, arXiv:1704.04861, section 3).
    - `label_smoothing`: arXiv:1512.00567, section 7.
    - `ema_decay`: the decay of the exponential moving average of the weights, a step; what is evaluated and shipped.
    - `clip`: the largest norm of all gradients together.

    Raises `FeatherboneError` for a value outside of its range.
    """

    epochs: int
    batch_size: int = 64
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    warmup_epochs: float = 0.0
    schedule: str = "cosine"
    label_smoothing: float = 0.0
    ema_decay: float = 0.0
    clip: float = 0.0
    augment: Augment = field(default_factory=Augment)

    def __post_init__(self) -> None:
        _require("epochs", self.epochs, 1 <= self.epochs <= MOST_EPOCHS, f"it must be from 1 to {MOST_EPOCHS}")
        _require("batch_size", self.batch_size, self.batch_size >= 2, "it must be at least 2")
        _require_known("optimizer", self.optimizer, OPTIMIZERS)
        _require_known("schedule", self.schedule, tuple(SCHEDULES))
        _require("learning_rate", self.learning_rate, 0 < self.learning_rate < math.inf, "it must be positive")
        _require("weight_decay", self.weight_decay, 0 <= self.weight_decay < math.inf, "it must be 0 or more")
        fits = 0 <= self.warmup_epochs < self.epochs
        _require("warmup_epochs", self.warmup_epochs, fits, f"it must be from 0 to below the {self.epochs} epochs")
        _require("label_smoothing", self.label_smoothing, 0 <= self.label_smoothing < 1, "it must be from 0 to below 1")
        _require("ema_decay", self.ema_decay, 0 <= self.ema_decay < 1, "it must be from 0 to below 1")
        _require("clip", self.clip, 0 <= self.clip < math.inf, "it must be 0 (off) or more")

    def to_dict(self) -> dict[str, Any]:
        """The recipe as dictionaries, lists, numbers and strings; every field is written."""
        made: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return made

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), allow_nan=False)

    @staticmethod
    def from_dict(document: object) -> Recipe:
        """The recipe that `to_dict` wrote; fields with a default may be missing.

        Raises `FeatherboneError` for an unknown field, a wrong type or a value outside of its range.
        """
        settings = _read("recipe", document, Recipe)
        if "epochs" not in settings:
            raise FeatherboneError("recipe: epochs is missing")
        return Recipe(**settings)

    @staticmethod
    def from_json(text: str) -> Recipe:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FeatherboneError(f"the recipe is not JSON: {error}") from None
        return Recipe.from_dict(document)


def _read(where: str, document: object, kind: type[Recipe] | type[Augment]) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise FeatherboneError(f"{where} is {str(document)[:80]!r}; it must be an object with fields")
    types = get_type_hints(kind)
    unknown = next((name for name in document if name not in types), None)
    if unknown is not None:
        raise FeatherboneError(f"{where} has no field {str(unknown)[:80]!r}", hint=did_you_mean(str(unknown), types))
    return {
        name: Augment(**_read(f"{where}.{name}", value, Augment))
        if types[name] is Augment
        else read_field(f"{where}.{name}", value, types[name])
        for name, value in document.items()
    }


def _require(name: str, value: float, holds: bool, allowed: str) -> None:
    if not holds:
        raise FeatherboneError(f"{name} is {value}; {allowed}")


def _require_known(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise FeatherboneError(f"{name} is {value!r}; known: {', '.join(known)}", hint=did_you_mean(value, known))
