"""What a training can be asked for beside its images and its network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.hub import WeightChoices
from featherbone.job.asked_setting import asked_setting
from featherbone.job.training.tensorboard import require_tensorboard
from featherbone.train import Setting

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class Options:
    """None is: as the recipe, the images or the machine suggest.

    - `recipe`: a name of ``featherbone.train.RECIPES``, or a TOML file; the next four replace parts of it.
    - `class_weights`: ``none``, ``balanced``, or a number for each class that is named, such as ``cat=2,dog=0.5``.
    - `freeze`: ``none``, ``backbone``, or so many stages from the image on.
    - `weights`: a file of weights, or published ones by name, that the network begins with.
    - `choices`: what those weights do not say themselves; its view is for any images.
    - `teacher`: a model file whose answers are learned from; `temperature`, `teacher_weight`, `hint_weight` and
      `teacher_precision` are those of ``featherbone.train.Distillation``.
    - `find_lr`: take the learning rate that a range test suggests.
    - `setting`: how steps are computed, such as ``channels_last, float32, 1 thread``, in place of a trial.
    - `precision`: of convolutions and matrices; ``auto`` is what a short measured trial finds fastest.

    Raises:
        FeatherboneError: an unknown device or precision, a device that is not there, options that exclude each other.
    """

    recipe: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    freeze: str | None = None
    class_weights: str | None = None
    weights: str | None = None
    choices: WeightChoices = field(default_factory=WeightChoices)
    teacher: str | None = None
    temperature: float | None = None
    teacher_weight: float | None = None
    hint_weight: float | None = None
    teacher_precision: str | None = None
    find_lr: bool = False
    seed: int = 0
    resolution: int | None = None
    skip_bad: bool = False
    device: str = "auto"
    precision: str = "auto"
    setting: str | None = None
    tensorboard: bool = False

    def __post_init__(self) -> None:
        for name, value, known in (("device", self.device, DEVICES), ("precision", self.precision, PRECISIONS)):
            if value not in known:
                raise FeatherboneError(
                    f"--{name} is {value!r}; known: {', '.join(known)}", hint=did_you_mean(value, known)
                )
        if self.device == "cuda" and not torch.cuda.is_available():
            raise FeatherboneError(
                "--device is cuda; this PyTorch finds no CUDA device", hint="leave it out to train on the CPU"
            )
        if (fixed := self.fixed) is not None and self.precision not in ("auto", fixed.precision):
            raise FeatherboneError(
                f"--precision is {self.precision}, and --setting has {fixed.precision}", hint="give --setting alone"
            )
        if self.find_lr and self.learning_rate is not None:
            raise FeatherboneError(
                f"--lr is {self.learning_rate:g}, and --find-lr asks for another one", hint="give one of the two"
            )
        taught = [
            f"--{name.replace('_', '-')}"
            for name in ("temperature", "teacher_weight", "hint_weight", "teacher_precision")
            if getattr(self, name) is not None
        ]
        if taught and self.teacher is None:
            raise FeatherboneError(f"{taught[0]} is given without a teacher", hint="give --teacher model.safetensors")

        own = self.choices.only_for_weights()
        if own and self.weights is None:
            raise FeatherboneError(
                f"--{own.replace('_', '-')} is given without --weights: it says what their file does not",
                hint="a new network follows its paper and its images; a model file brings its own",
            )
        if self.tensorboard:
            require_tensorboard()

    @property
    def place(self) -> str:
        """The device itself."""
        if self.device != "auto":
            return self.device
        return "cuda" if torch.cuda.is_available() else "cpu"

    @property
    def fixed(self) -> Setting | None:
        """The setting that was asked for."""
        return None if self.setting is None else asked_setting(self.setting, self.place)

    def words(self) -> dict[str, Any]:
        """The options as the command line names them; what was not asked for is None or False."""
        named = {**vars(self), "lr": self.learning_rate, "seed": self.seed or None}
        usual = {"device": "auto", "precision": "auto"}
        others = [name for name in vars(self) if name not in ("learning_rate", "choices")]
        order = ["recipe", "epochs", "batch_size", "lr", *others]
        words = {name: None if named[name] == usual.get(name) else named[name] for name in dict.fromkeys(order)}
        return words | self.choices.words()
