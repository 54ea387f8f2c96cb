"""What a person asks of a pruning."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.errors import FeatherboneError
from featherbone.job import common_options as common
from featherbone.job.common_options import WORK
from featherbone.job.limits import LIMITS
from featherbone.job.option import option, option_group

if TYPE_CHECKING:
    from featherbone.search import Budget

MODEL_HELP = "The trained network, a model.safetensors; `featherbone convert` makes one of weights from elsewhere."
MULTIPLE = 4  # benchmarks/cut_widths.py
CUTS = ("widths", "blocks", "resolution")


@dataclass(frozen=True, kw_only=True)
class PruneRequest:
    """A pruning as it is asked for; None is: as the images or the machine suggest.

    >>> from featherbone.search import Budget
    >>> PruneRequest(model="model.safetensors", source="photos", budget=Budget(macs=300_000)).cuts
    ('widths', 'blocks', 'resolution')

    - `model`: the file of the network that is cut; `source`: what ``open_dataset`` takes, images of the same classes.
    - `time`: seconds in which what is left is taught by the uncut network; without it, it is only mended.
    - `images`: so many of the training images at most, whose labels are not looked at, choose channels and mend.
    - `cut`: what may go, with commas: ``widths``, ``blocks``, ``resolution``; `multiple`: of channels, to which widths
      are cut where they are larger.
    - `rounds`: of cutting and mending, each an equal part of the way.
    - `device`, `setting`: of the teaching, as in ``TrainRequest``.
    - `name`, `out`: of the run's folder.

    Raises:
        FeatherboneError: `cut` names nothing, or what is unknown.
    """

    model: str = option(MODEL_HELP, default=MISSING, is_argument=True)
    source: str | Path = common.photos()
    budget: Budget = option_group(LIMITS)
    time: float | None = common.time("Time to learn from the uncut network for, such as 20m; without it, none.")
    images: int | None = option(
        "Training images that channels are chosen and mended by; 2,048, or as many as take 256 MiB.", int, least=2
    )
    cut: str = option("What may go: widths, blocks, resolution, with commas.", default=",".join(CUTS))
    multiple: int = option(
        "Cut widths to multiples of so many channels. ONNX Runtime needs 4 to be fast, and 16 fills its vectors.",
        int,
        default=MULTIPLE,
        least=1,
        most=1024,
    )
    rounds: int = option("Rounds of cutting and mending.", int, default=1, least=1, most=100)
    seed: int = common.seed("images")
    device: str = common.device()
    setting: str | None = common.setting()
    skip_bad: bool = common.skip_bad(WORK)
    name: str | None = common.name()
    out: Path | None = common.out()

    def __post_init__(self) -> None:
        for word in self.cuts:
            if word not in CUTS:
                raise FeatherboneError(f"--cut is {self.cut!r}; {word!r} is none of {', '.join(CUTS)}")
        if not self.cuts:
            raise FeatherboneError(f"--cut is {self.cut!r}; it names nothing", hint=f"such as --cut {','.join(CUTS)}")

    @property
    def cuts(self) -> tuple[str, ...]:
        """What may go, by name."""
        return tuple(dict.fromkeys(word.strip() for word in self.cut.split(",") if word.strip()))
