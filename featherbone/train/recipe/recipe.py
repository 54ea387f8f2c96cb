"""How to train, as a value: everything that decides the result beside the network, the data, the seed and a teacher."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import Any

from featherbone.data.augment import Augment
from featherbone.files import parse_json
from featherbone.json_values import read_value, write_value
from featherbone.train.optimize.span import stretched
from featherbone.train.recipe.checks import check_recipe


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the training loop does; every field has a use, and its default turns the part off.

    >>> recipe = Recipe(epochs=30, optimizer="sgd", learning_rate=0.1, augment=Augment(pad=4, flip=True))
    >>> Recipe.from_json(recipe.to_json()) == recipe
    True

    Optimizer (`featherbone.train.optimize.optimizer`):

    - `batch_size`: at most so many images a step; an epoch is cut in equal batches.
    - `optimizer`: `sgd`, `adamw` or `rmsprop`, the last as TensorFlow and thus the MobileNets have it.
    - `learning_rate`: the highest one.
    - `momentum`: of SGD and RMSprop, and AdamW's β1; `nesterov`: SGD looks ahead (arXiv:1502.03167 does not).
    - `epsilon`: RMSprop's, inside the root: 0.001 in MnasNet's and EfficientNet's code, 1.0 in Inception V3.
    - `weight_decay`: not applied to norms, biases and depthwise kernels (MobileNet v1, arXiv:1704.04861, section 3.2),
      unless `decay_all`, as ResNet's authors have it.
    - `clip`: the largest norm of all gradients together.

    Schedule (`featherbone.train.optimize.schedule`), in epochs, which need not be whole:

    - `warmup_epochs`: the learning rate rises so long; `schedule` is what comes then: `cosine`, `linear`, `onecycle`,
      `step` (times `decay` at each of the `milestones`), `exponential` (times `decay` every `decay_epochs`) or
      `constant`.

    Objective (`featherbone.train.optimize.objective`):

    - `label_smoothing`: arXiv:1512.00567, section 7.
    - `class_weights`: `none`, `balanced` (a class weighs as much as every other, however many images it has), or
      weights by class name, such as `(("cat", 2.0),)`; a class that is not named has weight 1.

    What is trained, and for how long:

    - `ema_decay`: the decay of the exponential moving average of the weights, a step; what is evaluated and shipped.
    - `patience`: stop after so many epochs without a better `monitor` (`val_loss` or `val_top1`), and ship the best.
    - `freeze`: what stays as it is: `none`, `backbone` (all but the classifier) or the number of stages from the image
      on; for the first `freeze_epochs`, where 0 means for good. `head_rate`: the classifier's learning rate, as a
      multiple of the others'.
    - `hold_statistics`: norms compute with the running statistics that they begin with, which stay as they are, and
      only their scale and shift are trained; for weights that saw more images than there are now.
    - `resolutions`: pairs of an epoch (from 1) and the side of the images from that epoch on, such as
      `((1, 128), (5, 160), (9, 224))`; never more than that of the data.

    Raises `FeatherboneError` for a value outside of its range, and for one that the others leave without a use.
    """

    epochs: int
    batch_size: int = 64
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
    epsilon: float = 1e-3
    weight_decay: float = 5e-4
    decay_all: bool = False
    clip: float = 0.0
    schedule: str = "cosine"
    warmup_epochs: float = 0.0
    milestones: tuple[float, ...] = ()
    decay: float = 0.1
    decay_epochs: float = 1.0
    label_smoothing: float = 0.0
    class_weights: str | tuple[tuple[str, float], ...] = "none"
    ema_decay: float = 0.0
    patience: int = 0
    monitor: str = "val_loss"
    freeze: str | int = "none"
    freeze_epochs: int = 0
    head_rate: float = 1.0
    hold_statistics: bool = False
    resolutions: tuple[tuple[int, int], ...] = ()
    augment: Augment = field(default_factory=Augment)

    def __post_init__(self) -> None:
        check_recipe(self)

    def with_epochs(self, epochs: int) -> Recipe:
        """The same over another number of epochs: warm-up, milestones, the span of the average and the other times keep
        their share of the run.

        >>> Recipe(epochs=90, schedule="step", milestones=(30.0, 60.0)).with_epochs(9).milestones
        (3.0, 6.0)

        What is frozen at first is so for one epoch at least, and not at all where there is but one.
        """
        share = epochs / self.epochs
        held = max(1, round(self.freeze_epochs * share)) if self.freeze_epochs else 0  # 0 would be for good
        free = held >= epochs
        return replace(
            self,
            epochs=epochs,
            freeze="none" if free else self.freeze,
            freeze_epochs=0 if free else held,
            warmup_epochs=self.warmup_epochs * share,
            milestones=tuple(place * share for place in self.milestones),
            decay_epochs=self.decay_epochs * share if self.schedule == "exponential" else self.decay_epochs,
            ema_decay=stretched(self.ema_decay, share),
            resolutions=_moved(self.resolutions, share, epochs),
        )

    def to_dict(self) -> dict[str, Any]:
        """The recipe as dictionaries, lists, numbers and strings; every field is written, class weights by name."""
        document = write_value(self)
        if not isinstance(self.class_weights, str):
            document["class_weights"] = dict(self.class_weights)
        return document

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), allow_nan=False)

    @staticmethod
    def from_dict(document: object) -> Recipe:
        """The recipe that `to_dict` wrote; fields with a default may be missing.

        Raises `FeatherboneError` for an unknown field, a wrong type or a value outside of its range.
        """
        recipe: Recipe = read_value("recipe", document, Recipe, strict=True)
        return recipe

    @staticmethod
    def from_json(text: str) -> Recipe:
        return Recipe.from_dict(parse_json(text, "the recipe"))


def changed_fields(recipe: Recipe) -> dict[str, Any]:
    """The fields that differ from their defaults, and always `epochs`; the same form as `Recipe.to_dict`.

    >>> changed_fields(Recipe(epochs=3, clip=1.0))
    {'epochs': 3, 'clip': 1.0}
    """
    usual = Recipe(epochs=recipe.epochs).to_dict()
    names = [entry.name for entry in fields(Recipe)]
    written = recipe.to_dict()
    return {name: written[name] for name in names if name == "epochs" or written[name] != usual[name]}


def _moved(resolutions: tuple[tuple[int, int], ...], share: float, epochs: int) -> tuple[tuple[int, int], ...]:
    """Where two come to the same epoch, the later one holds."""
    moved = {min(epochs, 1 + round((epoch - 1) * share)): side for epoch, side in resolutions}
    return tuple(sorted(moved.items()))
