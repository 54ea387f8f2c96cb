"""The main job: from images and a budget to a trained, exported, checked and timed network, with its report."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.job.asked_setting import asked_setting
from featherbone.job.command import command_words
from featherbone.job.finish import finish
from featherbone.job.folder import environment, require_job, require_same, run_folder, write_facts
from featherbone.job.images import data_facts, located, open_images, preprocessing_of
from featherbone.job.search.asked import MOST_TRIALS, TRIALS, Job, costs_for, limit_words
from featherbone.job.search.finalists import fastest_enough
from featherbone.job.search.latency import latencies_for, remember_latencies
from featherbone.job.search.page import paged
from featherbone.job.search.recipe import require_searchable, searching_recipe
from featherbone.job.search.storage import fetching
from featherbone.job.search.time_plan import KEY as TEMPO
from featherbone.job.search.time_plan import remember_tempo, tempo_of
from featherbone.job.search.trial_work import Images, TrialWork
from featherbone.job.search.workers import crew
from featherbone.job.training.options import Options
from featherbone.latency.learning import bounded, require_possible
from featherbone.latency.measured import require_known
from featherbone.nn import Model
from featherbone.progress import Progress, Searching, Step, silent
from featherbone.quantities import QUANTITIES
from featherbone.report import write_report
from featherbone.run_file import read_facts, read_record, record_of
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.feasible import fitting
from featherbone.search.propose.first_designs import example
from featherbone.search.propose.proposals import Proposals
from featherbone.search.propose.zoo_entries import zoo_entries
from featherbone.search.record.ledger import Ledger, Trial, open_ledger
from featherbone.search.schedule.board import Board
from featherbone.search.schedule.driver import search
from featherbone.search.schedule.ladder import trials_for
from featherbone.search.schedule.spending import Limits
from featherbone.search.space.named import smaller_resolutions
from featherbone.search.space.space_file import open_space
from featherbone.train import Recipe

SPACE = "light"
USUAL = 32  # a resolution for which every space can be checked
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
    time: float | None = None,
    total_epochs: int | None = None,
    workers: int | None = None,
    ray: str | None = None,
    storage: str | None = None,
    setting: str | None = None,
    resolution: int | None = None,
    space: str = SPACE,
    recipe: str | None = None,
    class_weights: str | None = None,
    device: str = "auto",
    tensorboard: bool = False,
    skip_bad: bool = False,
    progress: Progress = silent,
) -> Path:
    """Find the most accurate network within a budget, and everything that is needed to use and to believe it.

        fit("digits", Budget(macs=300_000, params=20_000))  # PosixPath('runs/digits-macs300k-params20k')

    ``source`` is what ``open_dataset`` takes, ``space`` what ``open_space`` takes; ``recipe``, a name or a TOML file,
    is what all designs are trained by, in place of what suits the images, with ``class_weights`` as in
    ``featherbone.job.Options``; ``setting`` is how their steps are computed, in place of a trial. Designs are trained
    on ``device``: ``auto``, ``cpu`` or ``cuda``; ``tensorboard`` writes event files of each trial into its folder.
    Where no ``resolution`` is given, designs may
    also choose one that is a little less than the images'; each sees images that were decoded at its own, by the code
    that will decode them for its predictions. The folder that is returned holds run.json, ledger.sqlite, the trials,
    model.safetensors, model.onnx and report.html. Designs compete by successive halving on the validation split; the
    test split is used once, for the winner. ``time`` (seconds of training that a person waits) and ``total_epochs``
    bound the whole search, over all restarts. Called again with the same arguments it goes on where it was stopped, and
    with one worker and no limit of time it ends with the same result. A finished run is left as it is.

    Raises:
        FeatherboneError: the data are no data set; no such space or recipe, or one that a search can't use; nothing
            fits the budget (before anything is trained); the folder holds another run or is in use; every trial failed.
    """
    open_space(space, (resolution or USUAL,))  # what is wrong is said before the images are read
    require_searchable(recipe)
    place_of_trials = _place(device, ray=ray is not None, tensorboard=tensorboard)
    fixed = None if setting is None else asked_setting(setting, place_of_trials)
    if epochs is not None and total_epochs is not None and epochs > total_epochs:
        raise FeatherboneError(
            f"epochs is {epochs}, more than the {total_epochs} of all trials together (total epochs)",
            hint=f"give {2 * epochs} or more in all, so that one design can be trained to its end and others tried",
        )
    if budget.latency is not None:
        require_known(budget.latency.runtime)
    dataset = open_images(source, resolution=resolution, seed=seed, skip_bad=skip_bad, progress=progress)
    most = TRIALS if time is None and total_epochs is None else MOST_TRIALS
    limits = Limits(trials=most if trials is None else trials, seconds=time, epochs=total_epochs)
    designs = open_space(space, (resolution,) if resolution else smaller_resolutions(dataset.resolution))
    unmeasured = costs_for(designs, dataset)
    if (counted := budget.counted()) is not None:
        fitting(unmeasured, counted)  # refused at once, before anything is measured
    require_possible(unmeasured, budget)
    folder = run_folder(dataset.name, *limit_words(budget), name=name, out=out)
    asked: dict[str, Any] = {"epochs": epochs, "trials": trials, "resolution": resolution, "seed": seed or None}
    asked |= {"space": None if space == SPACE else space, "recipe": recipe, "class_weights": class_weights}
    asked |= {"setting": setting}
    spending: dict[str, Any] = {"time": None if time is None else f"{time:g}s", "total_epochs": total_epochs}
    allowed = {QUANTITIES[limit].flag: QUANTITIES[limit].text(value) for limit, value in budget.limits().items()}
    if budget.latency is not None:
        asked |= {"threads": budget.latency.threads if budget.latency.threads != 1 else None}
    spending |= {"device": None if device == "auto" else device, "tensorboard": tensorboard}
    places = {"name": name, "out": out, "skip_bad": skip_bad}
    command = command_words("fit", source, {**allowed, **asked, **spending, **places})
    images = Images(
        source=located(source), resolution=resolution, seed=seed, skip_bad=skip_bad, fingerprint=dataset.fingerprint
    )

    usual = searching_recipe(dataset, recipe, epochs, progress, weights=class_weights)
    require_job(folder, read_record(folder), "fit")
    with (
        open_ledger(folder) as ledger,
        crew(
            ledger,
            images,
            folder,
            workers=workers,
            ray=ray,
            storage=storage,
            large=_is_large(usual, budget),
            progress=progress,
        ) as hands,
    ):
        tempo = tempo_of(  # before latencies are measured, which takes longer: a time that is too short is refused
            ledger.recall(TEMPO),
            images,
            usual,
            example=lambda: example(unmeasured, bounded(unmeasured, budget), epochs=usual.epochs, seed=seed),
            limits=limits,
            fixed=epochs is not None,
            setting=fixed,
            workers=hands.workers,
            threads=hands.threads,
            device=place_of_trials,
            progress=progress,
        )
        latencies = latencies_for(designs, dataset, budget, folder, progress, time=time)
        costs = costs_for(designs, dataset, latencies)
        fitting(costs, budget)
        schedule = searching_recipe(dataset, recipe, tempo.epochs if epochs is None else epochs, weights=class_weights)
        job = Job(dataset=dataset, budget=budget, seed=seed, space=designs, recipe=schedule, limits=limits)
        paid = limits.epochs if tempo.afforded is None else tempo.afforded
        expected = limits.trials if paid is None else min(limits.trials, trials_for(paid, job.rungs))
        propose = Proposals(
            costs,
            budget,
            seed=seed,
            zoo=lambda: zoo_entries(costs, budget, trials=expected),
            longest=tempo.longest,
        )
        _begin(job, ledger, folder)
        remember_tempo(ledger, tempo)
        remember_latencies(ledger, latencies)
        facts = read_facts(folder) or _facts(job, str(source), command)
        if not record_of(facts, folder).is_finished:
            write_facts(folder, facts)
            progress(Step(name="search", detail=f"designs within {budget}"))
            progress(Searching(folder=str(folder)))
            work = TrialWork(
                images=images,
                recipe=schedule,
                seed=seed,
                folder=folder.resolve(),
                setting=tempo.setting,
                device=place_of_trials,
                tensorboard=tensorboard,
            )
            with paged(folder, fetching(hands.storage, work, progress)) as watch:
                winner = search(
                    ledger,
                    job.rungs,
                    limits=limits,
                    propose=propose,
                    executor=hands.executor(work, progress),
                    progress=watch,
                )
                if budget.latency is not None:
                    ranked = Board.of(ledger, job.rungs).ranked()
                    winner = fastest_enough(ranked, budget.latency, ledger, work.graph, progress)
                if hands.storage is not None:
                    hands.storage.fetch(winner.id, work.folder_of(winner.id))
                result = _result(job, ledger, winner, work, progress)
            write_facts(folder, {**facts, "result": result})
        if hands.storage is not None:
            hands.storage.empty()
        progress(Step(name="report"))
        write_report(folder)
    return folder


def _place(device: str, *, ray: bool, tensorboard: bool) -> str:
    """The device of the trials: on a cluster the processors of its nodes.

    Raises:
        FeatherboneError: an unknown device, or one that is not there; TensorBoard is not installed.
    """
    asked = Options(device=device, tensorboard=tensorboard)
    if ray and device == "cuda":
        raise FeatherboneError(
            "--device is cuda, and --ray trains on the processors of a cluster", hint="leave one of the two out"
        )
    return "cpu" if ray else asked.place


def _is_large(recipe: Recipe, budget: Budget) -> bool:
    return recipe.batch_size * (budget.macs or LARGE) >= LARGE


def _begin(job: Job, ledger: Ledger, folder: Path) -> None:
    """A run that was begun before must be the same."""
    before = ledger.recall("asked")
    if before is None:
        ledger.remember("asked", job.identity())
    else:
        require_same(folder, before, job.identity())


def _result(job: Job, ledger: Ledger, winner: Trial, work: TrialWork, progress: Progress) -> dict[str, Any]:
    """Train the winner to its end, and finish it."""
    progress(Step(name="winner", detail=winner.design))
    graph = work.graph(winner.id, winner.design)
    dataset = work.images.seen_by(graph)
    training = work.trained(winner.id, winner.design, job.recipe.epochs, progress, ledger.last(winner.id))
    model = Model(
        graph=graph,
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
        **finish(model, dataset, job.budget, work.folder, progress, latency=ledger.measured().get(winner.id)),
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
