"""What a person asks of a training."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.errors import FeatherboneError
from featherbone.job import common_options as common
from featherbone.job.common_options import WORK
from featherbone.job.option import option, option_group
from featherbone.job.weight_options import CHOICES, START, weight_choices

if TYPE_CHECKING:
    from featherbone.hub import WeightChoices

RECIPE, TEACHER = "Recipe", "Teacher"
NETWORK_HELP = (
    "A network of the zoo, such as mobilenet_v2:width=0.5, which is adapted to the images; a model.safetensors to go "
    "on from; a design such as 'r32 | stem w16 | basic w32 d2 s2'; or a graph (.json)."
)
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """A training as it is asked for; None is: as the recipe, the images or the machine suggest.

    >>> TrainRequest(source="digits", network="squeezenet1_1", epochs=9).seed
    0

    - `source`: what ``open_dataset`` takes; `network`: what ``read_target`` takes.
    - `recipe`: a name of ``featherbone.train.RECIPES``, or a TOML file; the next six replace parts of it.
    - `find_lr`: take the learning rate that a range test suggests.
    - `freeze`: ``none``, ``backbone``, or so many stages from the image on.
    - `class_weights`: ``none``, ``balanced``, or a number for each class that is named, such as ``cat=2,dog=0.5``.
    - `weights`: a file of weights, or published ones by name, that the network begins with.
    - `choices`: what those weights do not say themselves; its view is for any images.
    - `teacher`: a model file whose answers are learned from; `temperature`, `teacher_weight`, `teacher_views`,
      `hint_weight` and `teacher_precision` are those of ``featherbone.train.Distillation``.
    - `precision`: of convolutions and matrices; ``auto`` is what a short measured trial finds fastest.
    - `setting`: how steps are computed, such as ``channels_last, float32, 1 thread``, in place of a trial.
    - `name`, `out`: of the run's folder.

    Raises:
        FeatherboneError: an unknown device or precision, a device that is not there, options that exclude each other.
    """

    source: str | Path = common.source()
    network: str = option(NETWORK_HELP, default=MISSING)
    recipe: str | None = option("A recipe by name or a .toml file; follows from the images.", panel=RECIPE)
    epochs: int | None = option("Epochs.", int, least=1, panel=RECIPE)
    batch_size: int | None = option("Images a step; the learning rate follows.", int, least=2, panel=RECIPE)
    learning_rate: float | None = option("The highest learning rate.", float, name="lr", panel=RECIPE)
    find_lr: bool = option("Take the one that a range test finds.", bool, default=False, panel=RECIPE)
    freeze: str | None = option("backbone, none, or stages from the image on that stay as they are.", panel=RECIPE)
    class_weights: str | None = common.class_weights(RECIPE)
    weights: str | None = option(
        "Weights to begin with: a file, or such as torchvision/mobilenet_v2.",
        panel=START,
    )
    seed: int = common.seed("weights", START)
    resolution: int | None = option("Side of the images; follows from data and network.", int, least=1, panel=START)
    choices: WeightChoices = option_group(CHOICES, default_factory=weight_choices)
    teacher: str | None = common.teacher(TEACHER)
    temperature: float | None = common.temperature(TEACHER)
    teacher_weight: float | None = common.teacher_weight(TEACHER)
    hint_weight: float | None = option("Of the distance of feature maps; 0 is off.", float, panel=TEACHER)
    teacher_views: int | None = common.teacher_views(TEACHER)
    teacher_precision: str | None = option("float32, or bfloat16 where the hardware has it.", panel=TEACHER)
    device: str = common.device()
    precision: str = option("auto (the fastest, by trial), float32 or bfloat16.", default="auto", panel=WORK)
    setting: str | None = common.setting()
    tensorboard: bool = common.tensorboard()
    skip_bad: bool = common.skip_bad(WORK)
    name: str | None = common.name()
    out: Path | None = common.out()

    def __post_init__(self) -> None:
        _require_machine(self)
        _require_one_rate(self)
        common.require_teacher(
            self, ("temperature", "teacher_weight", "hint_weight", "teacher_views", "teacher_precision")
        )
        _require_weights(self)
        if self.tensorboard:
            from featherbone.job.training.tensorboard import require_tensorboard

            require_tensorboard()


def _require_machine(request: TrainRequest) -> None:
    """Raise for a device that is not there, and for a precision or a setting that it does not have."""
    from featherbone.job.machine import DEVICES, device_of, require_word, setting_on

    require_word("device", request.device, DEVICES)
    require_word("precision", request.precision, PRECISIONS)
    setting = setting_on(device_of(request.device), request.setting)
    if setting is not None and request.precision not in ("auto", setting.precision):
        raise FeatherboneError(
            f"--precision is {request.precision}, and --setting has {setting.precision}", hint="give --setting alone"
        )


def _require_one_rate(request: TrainRequest) -> None:
    if request.find_lr and request.learning_rate is not None:
        raise FeatherboneError(
            f"--lr is {request.learning_rate:g}, and --find-lr asks for another one", hint="give one of the two"
        )


def _require_weights(request: TrainRequest) -> None:
    own = request.choices.only_for_weights()
    if own and request.weights is None:
        raise FeatherboneError(
            f"--{own.replace('_', '-')} is given without --weights: it says what their file does not",
            hint="a new network follows its paper and its images; a model file brings its own",
        )
