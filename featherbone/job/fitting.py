"""The main job: from images and a budget to a trained, exported, checked and timed network, with its report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.job.command import command_words
from featherbone.job.finish import finish
from featherbone.job.folder import environment, read_facts, require_job, require_same, run_folder, write_facts
from featherbone.job.images import data_facts, open_images, preprocessing_of
from featherbone.job.training_recipe import default_epochs
from featherbone.nn import Model
from featherbone.progress import Progress, Step, Trained, silent
from featherbone.report import write_report
from featherbone.search.budget import FILE_HEAD, Budget, Costs, costs_of, flag
from featherbone.search.design import Design
from featherbone.search.feasible import fitting
from featherbone.search.halving import halve, rungs
from featherbone.search.ledger import Ledger, Score, Trial, open_ledger
from featherbone.search.sample import sample
from featherbone.search.space import Space, light
from featherbone.train import Progress as Report
from featherbone.train import Recipe, Training, default_recipe, train

TRIALS = 12
LARGE = 256 * 10**6  # multiply-adds of a batch; below it threads wait for each other longer than they compute


def fit(
    source: str | Path,
    budget: Budget,
    *,
    out: Path | None = None,
    name: str | None = None,
    seed: int = 0,
    epochs: int | None = None,
    trials: int | None = None,
    resolution: int | None = None,
    skip_bad: bool = False,
    progress: Progress = silent,
) -> Path:
    """Find the most accurate network within a budget, and everything that is needed to use and to believe it.

        fit("digits", Budget(macs=300_000, params=20_000))  # PosixPath('runs/digits-macs300k-params20k')

    ``source`` is what ``open_dataset`` takes. The folder that is returned holds run.json, ledger.sqlite, the trials,
    model.safetensors, model.onnx and report.html. Designs compete by successive halving on the validation split; the
    test split is used once, for the winner. Called again with the same arguments it goes on where it was stopped, and
    ends with the same result; a finished run is left as it is.

    Raises:
        FeatherboneError: the data are no data set; nothing fits the budget (before anything is written); the folder
            holds another run or is in use; every trial failed; the ONNX file does not compute what was trained.
    """
    dataset = open_images(source, resolution=resolution, seed=seed, skip_bad=skip_bad, progress=progress)
    job = Job(
        dataset=dataset,
        budget=budget,
        seed=seed,
        space=light(dataset.resolution),
        recipe=default_recipe(dataset, default_epochs(dataset) if epochs is None else epochs),
        trials=TRIALS if trials is None else trials,
    )
    cost = job.cost()
    fitting(job.space, budget, cost)
    folder = run_folder(dataset.name, *_limits(budget), name=name, out=out)
    asked = {"epochs": epochs, "trials": trials, "resolution": resolution, "seed": seed or None}
    limits = {limit: flag(limit, value).split()[1] for limit, value in budget.limits().items()}
    places = {"name": name, "out": out, "skip_bad": skip_bad}
    command = command_words("fit", source, {**limits, **asked, **places})

    require_job(folder, read_facts(folder), "fit")
    with open_ledger(folder) as ledger:
        _begin(job, ledger, folder, cost, progress)
        facts = read_facts(folder) or _facts(job, str(source), command)
        if facts["result"] is None:
            write_facts(folder, facts)
            progress(Step(name="search", detail=f"{len(ledger.trials())} designs"))
            winner = halve(ledger, rungs(job.trials, job.recipe.epochs), job.scorer(ledger, folder, progress), progress)
            result = _result(job, ledger, winner, folder, progress)
            write_facts(folder, {**facts, "result": result})
        progress(Step(name="report"))
        write_report(folder)
    return folder


@dataclass(frozen=True, kw_only=True)
class Job:
    """What decides the result."""

    dataset: Dataset
    budget: Budget
    seed: int
    space: Space
    recipe: Recipe
    trials: int

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise FeatherboneError(f"trials is {self.trials}; it must be at least 1")

    def identity(self) -> dict[str, Any]:
        """All of it as JSON; what must be the same for a run to go on."""
        return {
            "data": self.dataset.fingerprint,
            "budget": asdict(self.budget),
            "seed": self.seed,
            "trials": self.trials,
            "space": self.space.to_json(),
            "recipe": self.recipe.to_dict(),
        }

    def cost(self) -> Callable[[Design], Costs]:
        """The costs of a design for these images and classes; each design is counted once."""
        head = FILE_HEAD + 2 * len(json.dumps(self.dataset.classes))

        @cache
        def cost(design: Design) -> Costs:
            graph = design.graph(classes=len(self.dataset.classes), channels=self.dataset.channels)
            return costs_of(graph, file_head=head)

        return cost

    def trained(self, ledger: Ledger, trial: Trial, until: int, folder: Path, progress: Progress) -> Training:
        """A trial trained up to so many epochs, from its checkpoint on."""

        def watch(report: Report) -> None:
            progress(Trained(trial=trial.id, **vars(report)))

        with _threads(1 if self.recipe.batch_size * trial.macs < LARGE else torch.get_num_threads()):
            return train(
                ledger.graph(trial.id),
                self.dataset,
                self.recipe,
                folder=folder / "trials" / str(trial.id),
                seed=self.seed,
                until_epoch=until,
                progress=watch,
            )

    def scorer(self, ledger: Ledger, folder: Path, progress: Progress) -> Callable[[Trial, int], Score]:
        """Trains a trial up to so many epochs; its score on the validation split."""

        def score(trial: Trial, until: int) -> Score:
            history = self.trained(ledger, trial, until, folder, progress).history[:until]
            return Score(
                epochs=until,
                val_top1=history[-1]["val_top1"],
                val_loss=history[-1]["val_loss"],
                seconds=sum(row["seconds"] for row in history),
            )

        return score


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """So many threads for torch inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _limits(budget: Budget) -> list[str]:
    """The budget in the name of a folder.

    >>> _limits(Budget(macs=300_000, params=20_000))
    ['macs300k', 'params20k']
    """
    return [f"{limit}{_short(value)}" for limit, value in budget.limits().items()]


def _short(value: int) -> str:
    """A number for a file name: exact, and short where it is round.

    >>> _short(12_500_000), _short(78_666)
    ('12.5M', '78666')
    """
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= size and value % (size // 10) == 0:
            return f"{value / size:g}{unit}"
    return str(value)


def _begin(job: Job, ledger: Ledger, folder: Path, cost: Callable[[Design], Costs], progress: Progress) -> None:
    """A new run gets its designs; one that was begun before must be the same."""
    before = ledger.asked()
    if before is not None:
        require_same(folder, json.loads(before), job.identity())
        return
    progress(Step(name="designs", detail=str(job.budget)))
    designs = sample(job.space, job.budget, job.trials, seed=job.seed, cost=cost)
    graph = partial(Design.graph, classes=len(job.dataset.classes), channels=job.dataset.channels)
    entries = [
        (str(design), graph(design, name=f"design{place}"), cost(design))
        for place, design in enumerate(designs, start=1)
    ]
    ledger.add(entries, json.dumps(job.identity()))


def _result(job: Job, ledger: Ledger, winner: Trial, folder: Path, progress: Progress) -> dict[str, Any]:
    """Train the winner to its end, and finish it."""
    dataset = job.dataset
    progress(Step(name="winner", detail=winner.design))
    training = job.trained(ledger, winner, job.recipe.epochs, folder, progress)
    model = Model(
        graph=ledger.graph(winner.id),
        weights=training.weights,
        classes=dataset.classes,
        preprocessing=preprocessing_of(dataset),
        provenance={
            "featherbone": version("featherbone"),
            "data": {"name": dataset.name, "fingerprint": dataset.fingerprint},
            "budget": job.budget.limits(),
            "seed": job.seed,
            "design": winner.design,
            "recipe": job.recipe.to_dict(),
            "val_top1": training.val_top1,
        },
    )
    return {
        "trial": winner.id,
        "design": winner.design,
        "val_top1": training.val_top1,
        **finish(model, dataset, job.budget, folder, progress),
        "seconds": ledger.seconds(),
    }


def _facts(job: Job, source: str, command: list[str]) -> dict[str, Any]:
    """What run.json says from the start."""
    return {
        "job": "fit",
        "command": command,
        **job.identity(),
        "data": data_facts(job.dataset, source),
        **environment(),
        "result": None,
    }
