"""A search before it begins: all that decides its result, put together from the request, the images and the machine."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.job.folder import require_job, run_folder
from featherbone.job.images import located, open_images
from featherbone.job.machine import device_of, setting_on
from featherbone.job.pretrained.models import Pretrained, channels_of, read_pretrained
from featherbone.job.pretrained.possible import require_cuttable
from featherbone.job.pretrained.suggestion import suggested
from featherbone.job.search.recipe import require_searchable, searching_recipe
from featherbone.job.search.request import FitRequest
from featherbone.job.search.teacher import SearchTeacher, teacher_of
from featherbone.job.search.time_plan import TimePlan
from featherbone.job.search.trial_work import Images
from featherbone.job.training.tensorboard import require_tensorboard
from featherbone.latency.designs import DesignLatencies
from featherbone.latency.learning import require_possible
from featherbone.latency.measured import require_known
from featherbone.progress import Noticed, Progress
from featherbone.quantities import QUANTITIES
from featherbone.run_file import read_record
from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.feasible import fitting
from featherbone.search.costs.file_size import FILE_HEAD
from featherbone.search.costs.latency_limit import LatencyModel
from featherbone.search.schedule.ladder import first_rung, ladder, trials_for
from featherbone.search.schedule.spending import Limits
from featherbone.search.space.named import smaller_resolutions
from featherbone.search.space.space import Space
from featherbone.search.space.space_file import open_space
from featherbone.train import Recipe, Setting

if TYPE_CHECKING:
    from featherbone.job.pretrained.start import PretrainedStart

TRIALS = 12
MOST_TRIALS = 100_000  # where something else than their number ends the search
USUAL = 32  # a resolution for which every space can be checked


@dataclass(frozen=True, kw_only=True)
class SearchDraft:
    """What follows from a request and its images, before this machine is measured.

    ``costs`` do not know latencies; the epochs of ``recipe`` are those of a search whose time is not limited.
    """

    request: FitRequest
    dataset: Dataset
    space: Space
    costs: SpaceCosts
    recipe: Recipe
    limits: Limits
    device: str  # of the trials
    setting: Setting | None  # that was asked for
    teacher: SearchTeacher | None
    pretrained: tuple[Pretrained, ...]
    folder: Path

    @property
    def images(self) -> Images:
        """How a worker opens the images again."""
        return Images(
            source=located(self.request.source),
            resolution=self.request.resolution,
            seed=self.request.seed,
            skip_bad=self.request.skip_bad,
            fingerprint=self.dataset.fingerprint,
            channels=channels_of(self.pretrained),
        )


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """A draft, and what the machine says of it: how long trials train, and how long designs compute."""

    draft: SearchDraft
    time: TimePlan
    latencies: DesignLatencies | None
    costs: SpaceCosts
    recipe: Recipe
    start: PretrainedStart | None = None

    @property
    def limits(self) -> Limits:
        """What the search may spend: what is left where pretrained networks were fine-tuned first."""
        return self.draft.limits if self.start is None else self.start.limits(self.draft.limits)

    def identity(self) -> dict[str, Any]:
        """What decides the result, as JSON: it must be the same for a run to go on."""
        draft = self.draft
        return {
            "data": draft.dataset.fingerprint,
            "budget": draft.request.budget.to_json(),
            "seed": draft.request.seed,
            "limits": asdict(draft.limits),
            "space": draft.space.to_json(),
            "recipe": self.recipe.to_dict(),
            "rungs": list(self.rungs),
            **({} if draft.teacher is None else {"teacher": draft.teacher.facts()}),
            **({"pretrained": [each.facts() for each in draft.pretrained]} if draft.pretrained else {}),
        }

    @property
    def rungs(self) -> tuple[int, ...]:
        """The epochs of each rung."""
        limits = self.draft.limits
        spends_freely = limits.seconds is not None or limits.epochs is not None
        steps = math.ceil(len(self.draft.dataset.splits["train"].labels) / self.recipe.batch_size)
        first = first_rung(steps, self.recipe.warmup_epochs)
        return ladder(self.recipe.epochs, trials=None if spends_freely else limits.trials, first=first)

    @property
    def expected_trials(self) -> int:
        """As many as the epochs of all of them pay for, where they are limited."""
        limits = self.draft.limits
        paid = limits.epochs if self.time.afforded is None else self.time.afforded
        return limits.trials if paid is None else min(limits.trials, trials_for(paid, self.rungs))


def draft_search(request: FitRequest, progress: Progress) -> SearchDraft:
    """Open the images, and see that designs of the space can keep the budget.

    What is wrong with the request alone is said before the images are read, and what can be counted before anything is
    measured or written.

    Raises:
        FeatherboneError: what is asked for is not there, does not go together, or cannot be met.
    """
    open_space(request.space, (request.resolution or USUAL,))
    require_searchable(request.recipe)
    device = _device_of(request)
    setting = setting_on(device, request.setting)
    _require_affordable(request)
    if request.budget.latency is not None:
        require_known(request.budget.latency.runtime)
    pretrained = read_pretrained(request.pretrained, progress)
    dataset = open_images(
        request.source,
        resolution=request.resolution,
        channels=channels_of(pretrained),
        seed=request.seed,
        skip_bad=request.skip_bad,
        progress=progress,
    )
    for sentence in suggested(request, dataset):
        progress(Noticed(sentence=sentence))
    for each in pretrained:
        require_cuttable(each, dataset, request.budget)
    limits = _limits(request)
    space = open_space(
        request.space, (request.resolution,) if request.resolution else smaller_resolutions(dataset.resolution)
    )
    costs = costs_for(space, dataset)
    _require_designs(costs, request.budget)
    folder = run_folder(dataset.name, *limit_words(request.budget), name=request.name, out=request.out)
    recipe = searching_recipe(dataset, request.recipe, request.epochs, progress, weights=request.class_weights)
    require_job(folder, read_record(folder), "fit")
    return SearchDraft(
        request=request,
        dataset=dataset,
        space=space,
        costs=costs,
        recipe=recipe,
        limits=limits,
        device=device,
        setting=setting,
        teacher=teacher_of(request, dataset),
        pretrained=pretrained,
        folder=folder,
    )


def _device_of(request: FitRequest) -> str:
    """The device of the trials: on a cluster the processors of its nodes."""
    device = device_of(request.device)
    if request.tensorboard:
        require_tensorboard()
    if request.ray is None:
        if request.storage is not None:
            raise FeatherboneError(
                f"--storage {request.storage} is given without --ray",
                hint="workers on this machine use the run's folder",
            )
        return device
    if request.storage is not None and request.pretrained:
        raise FeatherboneError(
            f"--storage {request.storage} is given with --pretrained, and cuts begin with files of the run's folder",
            hint="leave it out, and put the run's folder where all nodes see it (--out)",
        )
    if request.device == "cuda":
        raise FeatherboneError(
            "--device is cuda, and --ray trains on the processors of a cluster", hint="leave one of the two out"
        )
    return "cpu"


def _require_affordable(request: FitRequest) -> None:
    epochs, total = request.epochs, request.total_epochs
    if epochs is not None and total is not None and epochs > total:
        raise FeatherboneError(
            f"epochs is {epochs}, more than the {total} of all trials together (total epochs)",
            hint=f"give {2 * epochs} or more in all, so that one design can be trained to its end and others tried",
        )


def _limits(request: FitRequest) -> Limits:
    usual = TRIALS if request.time is None and request.total_epochs is None else MOST_TRIALS
    trials = usual if request.trials is None else request.trials
    return Limits(trials=trials, seconds=request.time, epochs=request.total_epochs)


def _require_designs(costs: SpaceCosts, budget: Budget) -> None:
    """Raise where no design keeps the budget, as far as that is known before anything is measured."""
    if (counted := budget.counted()) is not None:
        fitting(costs, counted)
    require_possible(costs, budget)


def costs_for(space: Space, dataset: Dataset, latency: LatencyModel | None = None) -> SpaceCosts:
    """The costs of a space's designs for these images and classes."""
    head = FILE_HEAD + 2 * len(json.dumps(dataset.classes))
    return SpaceCosts(space, classes=len(dataset.classes), channels=dataset.channels, file_head=head, latency=latency)


def limit_words(budget: Budget) -> list[str]:
    """The budget in the name of a folder.

    >>> limit_words(Budget(macs=300_000, params=20_000))
    ['macs300k', 'params20k']
    """
    return [
        f"latency{value:g}ms" if name == "latency" else f"{QUANTITIES[name].flag}{_short(value)}"
        for name, value in budget.limits().items()
    ]


def _short(value: float) -> str:
    """A number for a file name: exact, and short where it is round.

    >>> _short(12_500_000), _short(78_666)
    ('12.5M', '78666')
    """
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= size and value % (size // 10) == 0:
            return f"{value / size:g}{unit}"
    return str(value)
