"""What a person asks of a pruning."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.job import common_options as common
from featherbone.job.common_options import WORK
from featherbone.job.limits import LIMITS
from featherbone.job.option import option, option_group

if TYPE_CHECKING:
    from featherbone.search import Budget

MODEL_HELP = "The trained network, a model.safetensors; `featherbone convert` makes one of weights from elsewhere."
IMAGES = 2048  # of training, that mending takes


@dataclass(frozen=True, kw_only=True)
class PruneRequest:
    """A pruning as it is asked for; None is: as the images or the machine suggest.

    >>> from featherbone.search import Budget
    >>> PruneRequest(model="model.safetensors", source="photos", budget=Budget(macs=300_000)).images
    2048

    - `model`: the file of the network that is cut; `source`: what ``open_dataset`` takes, images of the same classes.
    - `time`: seconds in which what is left is taught by the uncut network; without it, it is only mended.
    - `images`: so many of the training images at most, whose labels are not looked at, choose channels and mend.
    - `rounds`: of cutting and mending, each an equal part of the way.
    - `device`, `setting`: of the teaching, as in ``TrainRequest``.
    - `name`, `out`: of the run's folder.
    """

    model: str = option(MODEL_HELP, default=MISSING, is_argument=True)
    source: str | Path = common.source()
    budget: Budget = option_group(LIMITS)
    time: float | None = common.time("Time to learn from the uncut network for, such as 20m; without it, none.")
    images: int = option("Training images that channels are chosen and mended by.", int, default=IMAGES, least=2)
    rounds: int = option("Rounds of cutting and mending.", int, default=1, least=1, most=100)
    seed: int = common.seed("images")
    device: str = common.device()
    setting: str | None = common.setting()
    skip_bad: bool = common.skip_bad(WORK)
    name: str | None = common.name()
    out: Path | None = common.out()
