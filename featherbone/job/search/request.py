"""What a person asks of a search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.errors import FeatherboneError
from featherbone.job import common_options as common
from featherbone.job.common_options import WORK
from featherbone.job.limits import LIMITS
from featherbone.job.option import option, option_group

if TYPE_CHECKING:
    from featherbone.search import Budget

TEACHER, START = "Teacher", "Where it begins"  # panels of the help
SPACE = "light"


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """A search as it is asked for; None is: as the images, the machine or the cluster suggest.

    >>> from featherbone.search import Budget
    >>> FitRequest(source="digits", budget=Budget(macs=300_000), epochs=9).space
    'light'

    - `source`: what ``open_dataset`` takes.
    - `epochs`: that the winner is trained for; `trials`: designs to try.
    - `resolution`: of the images; without it designs may also choose one that is a little less than theirs.
    - `space`: what ``open_space`` takes.
    - `recipe`: a name or a TOML file, by which all designs are trained in place of what suits the images, with
      `class_weights` as in ``TrainRequest``.
    - `teacher`: a model file whose answers all designs learn from; `temperature`, `teacher_weight` and `teacher_views`
      are those of ``featherbone.train.Distillation``.
    - `pretrained`: networks that were trained on other images, as ``featherbone.job.pretrained.models`` reads them:
      fine-tuned on these first, then cut to the budget in several ways that compete as designs do. The best of them
      uncut is the teacher, unless another is given.
    - `setting`: how their steps are computed, in place of a trial.
    - `time` (seconds of training that a person waits) and `total_epochs` bound the whole search, over all restarts.
    - `workers`: trials at a time; `ray`: the cluster that trains them; `storage`: where they keep checkpoints there.
    - `device`: ``auto``, ``cpu`` or ``cuda``; `tensorboard` writes event files of each trial into its folder.
    - `name`, `out`: of the run's folder.

    Raises:
        FeatherboneError: what is said of a teacher, and none is given; one text for ``pretrained`` in place of several.
    """

    source: str | Path = common.source()
    budget: Budget = option_group(LIMITS)
    epochs: int | None = option("Epochs that the winner is trained for.", int, least=1, panel=WORK)
    trials: int | None = option("Designs to try.", int, least=1, panel=WORK)
    resolution: int | None = option(
        "Side of the images; without it, of the data or a little less.", int, least=1, panel=WORK
    )
    seed: int = common.seed("designs")
    space: str = option("Designs to search: a name such as mobilenet_v2, or a .toml or .py file.", default=SPACE)
    recipe: str | None = option(
        "How all designs are trained: a recipe by name or a .toml file; follows from the images."
    )
    class_weights: str | None = common.class_weights()
    teacher: str | None = common.teacher(TEACHER)
    pretrained: tuple[str, ...] = option(
        "A trained network whose cuts compete with designs from nothing: a model.safetensors, or published weights "
        "such as timm/mobilenetv2_100; may be given several times.",
        default=(),
        many=True,
        panel=START,
    )
    temperature: float | None = common.temperature(TEACHER)
    teacher_weight: float | None = common.teacher_weight(TEACHER)
    teacher_views: int | None = common.teacher_views(TEACHER)
    setting: str | None = common.setting()
    time: float | None = common.time("Time to train for in all, such as 30m or 2h.")
    total_epochs: int | None = option("Epochs of all trials together.", int, least=1, panel=WORK)
    workers: int | None = option(
        "Trials at a time, each in its own process; without it one, or what a cluster has room for.",
        int,
        least=1,
        panel=WORK,
    )
    ray: str | None = option("Train on a Ray cluster: auto, local or HOST:PORT.", panel=WORK)
    storage: str | None = option(
        "Where trials keep checkpoints if the cluster's nodes share no folder, such as s3://bucket/runs.",
        panel=WORK,
    )
    device: str = common.device()
    tensorboard: bool = common.tensorboard()
    name: str | None = common.name()
    out: Path | None = common.out()
    skip_bad: bool = common.skip_bad()

    def __post_init__(self) -> None:
        if isinstance(self.pretrained, str):
            raise FeatherboneError(
                f"pretrained is the text {self.pretrained!r}; it holds several",
                hint=f"pretrained=({self.pretrained!r},)",
            )
        common.require_teacher(self, ("temperature", "teacher_weight", "teacher_views"))
