"""The main job: from images and a budget to a trained, exported, checked and timed network, with its report."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from featherbone.graph import Graph
from featherbone.job.finish import finish
from featherbone.job.folder import environment, require_same, write_facts
from featherbone.job.images import preprocessing_of, record_of_data
from featherbone.job.option import command_words, keywords_of
from featherbone.job.pretrained.models import origins
from featherbone.job.pretrained.start import PretrainedStart, pretrained_start
from featherbone.job.pretrained.told import told_of_cuts
from featherbone.job.search.finalists import fastest_enough
from featherbone.job.search.latency import latencies_for, remember_latencies
from featherbone.job.search.page import paged
from featherbone.job.search.plan import SearchDraft, SearchPlan, costs_for, draft_search
from featherbone.job.search.recipe import cut_recipe, searching_recipe
from featherbone.job.search.request import FitRequest
from featherbone.job.search.storage import fetching
from featherbone.job.search.time_plan import KEY as TIME
from featherbone.job.search.time_plan import TimePlan, TrialConditions, remember_time_plan, time_plan_of
from featherbone.job.search.trial_work import TrialWork
from featherbone.job.search.workers import Workers, workers_for
from featherbone.json_values import write_value
from featherbone.latency.learning import bounded
from featherbone.nn import Model
from featherbone.progress import Progress, Searching, Step, silent
from featherbone.quantities import QUANTITIES
from featherbone.report import write_report
from featherbone.run_file import read_facts, record_of
from featherbone.run_record import ResultRecord
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.feasible import fitting
from featherbone.search.cuts.cut_design import is_cut
from featherbone.search.cuts.cut_file import load_cut
from featherbone.search.propose.first_designs import example
from featherbone.search.propose.proposals import Proposals
from featherbone.search.propose.zoo_entries import zoo_entries
from featherbone.search.record.ledger import Ledger, open_ledger
from featherbone.search.record.rows import Trial
from featherbone.search.schedule.board import Board
from featherbone.search.schedule.driver import search
from featherbone.train import Recipe, Training

LARGE = 256 * 10**6  # multiply-adds of a batch; below it threads wait for each other longer than they compute


@keywords_of(FitRequest)
def fit(source: str | Path, budget: Budget, *, progress: Progress = silent, **asked: Any) -> Path:
    """Find the most accurate network within a budget, and everything that is needed to use and to believe it.

        fit("digits", Budget(macs=300_000, params=20_000))  # PosixPath('runs/digits-macs300k-params20k')

    What else can be asked, by keyword, is what ``featherbone.job.FitRequest`` holds. Each design sees images that were
    decoded at its own resolution, by the code that will decode them for its predictions. The folder that is returned
    holds run.json, ledger.sqlite, the trials, model.safetensors, model.onnx and report.html. Designs compete by
    successive halving on the validation split; the test split is used once, for the winner. Called again with the same
    arguments it goes on where it was stopped, and with one worker and no limit of time it ends with the same result. A
    finished run is left as it is.

    Raises:
        FeatherboneError: the data are no data set; no such space or recipe, or one that a search can't use; nothing
            fits the budget (before anything is trained); the folder holds another run or is in use; every trial failed.
    """
    return run_fit(FitRequest(source=source, budget=budget, **asked), progress)


def run_fit(request: FitRequest, progress: Progress = silent) -> Path:
    """Do what a request asks; the folder of the run.

        run_fit(FitRequest(source="digits", budget=Budget(macs=300_000)))

    ``fit`` says what is done, and what it raises.
    """
    draft = draft_search(request, progress)
    large = is_large(draft.recipe, request.budget)
    with (
        open_ledger(draft.folder) as ledger,
        workers_for(request, ledger, draft.images, draft.folder, large=large, progress=progress) as workers,
    ):
        plan = measured(draft, ledger, workers, progress)
        facts = begun(plan, ledger)
        if not record_of(facts, draft.folder).is_finished:
            write_facts(draft.folder, facts)
            result = searched(plan, ledger, workers, progress)
            told = {} if plan.start is None else told_of_cuts(plan, result)
            write_facts(draft.folder, {**facts, **told, "result": write_value(result)})
        if workers.storage is not None:
            workers.storage.empty()
        progress(Step(name="report"))
        write_report(draft.folder)
    return draft.folder


def is_large(recipe: Recipe, budget: Budget) -> bool:
    """Whether a step of the largest design is worth several threads."""
    return recipe.batch_size * (budget.macs or LARGE) >= LARGE


def measured(draft: SearchDraft, ledger: Ledger, workers: Workers, progress: Progress) -> SearchPlan:
    """The plan of a draft: how fast trials train and designs compute here, or as the ledger remembers it.

    The time comes first, as latencies take longer to measure: one that is too short is refused at once. Pretrained
    networks are fine-tuned and cut before, as what they take is no part of the time for trials.
    """
    start, latencies = None, None
    if draft.pretrained:
        _require_same_networks(draft, ledger)
        latencies = latencies_for(draft, ledger, progress)
        start = pretrained_start(draft, ledger, latencies, progress)
        draft = replace(draft, teacher=start.teacher)
    time = _time_plan(draft, start, ledger, workers, progress)
    latencies = latencies or latencies_for(draft, ledger, progress)
    request, dataset = draft.request, draft.dataset
    costs = costs_for(draft.space, dataset, latencies)
    fitting(costs, request.budget)
    epochs = time.epochs if request.epochs is None else request.epochs
    recipe = searching_recipe(dataset, request.recipe, epochs, weights=request.class_weights)
    return SearchPlan(draft=draft, time=time, latencies=latencies, costs=costs, recipe=recipe, start=start)


def _require_same_networks(draft: SearchDraft, ledger: Ledger) -> None:
    """Raise where the run was begun with other pretrained networks, before any of these is fine-tuned."""
    before = ledger.recall("asked")
    if before is not None:
        facts = [each.facts() for each in draft.pretrained]
        require_same(draft.folder, {"pretrained": before.get("pretrained", [])}, {"pretrained": facts})


def _time_plan(
    draft: SearchDraft, start: PretrainedStart | None, ledger: Ledger, workers: Workers, progress: Progress
) -> TimePlan:
    request, costs = draft.request, draft.costs

    def quick() -> Graph:
        if start is not None and start.cuts:
            return load_cut(draft.folder, start.cuts[0].design).graph
        chosen = example(costs, bounded(costs, request.budget), epochs=draft.recipe.epochs, seed=request.seed)
        return draft.images.network(chosen)

    return time_plan_of(
        ledger.recall(TIME),
        TrialConditions(
            images=draft.images,
            recipe=draft.recipe,
            threads=workers.threads,
            device=draft.device,
            setting=draft.setting,
        ),
        example=quick,
        limits=draft.limits if start is None else start.limits(draft.limits),
        fixed=request.epochs is not None,
        workers=workers.count,
        progress=progress,
    )


def begun(plan: SearchPlan, ledger: Ledger) -> dict[str, Any]:
    """The run.json of the run; one that was begun before must be the same."""
    folder, before = plan.draft.folder, ledger.recall("asked")
    if before is None:
        ledger.remember("asked", plan.identity())
    else:
        require_same(folder, before, plan.identity())
    remember_time_plan(ledger, plan.time)
    remember_latencies(ledger, plan.latencies)
    return read_facts(folder) or _facts(plan)


def _facts(plan: SearchPlan) -> dict[str, Any]:
    """What run.json says from the start."""
    request = plan.draft.request
    return {
        "job": "fit",
        "command": command_words("fit", request),
        **plan.identity(),
        "data": write_value(record_of_data(plan.draft.dataset, request.source)),
        **environment(),
        "result": None,
    }


def searched(plan: SearchPlan, ledger: Ledger, workers: Workers, progress: Progress) -> ResultRecord:
    """The search, up to its winner's files: what it found."""
    draft = plan.draft
    budget, folder = draft.request.budget, draft.folder
    progress(Step(name="search", detail=f"designs within {budget}"))
    progress(Searching(folder=str(folder)))
    work = TrialWork(
        images=draft.images,
        recipe=plan.recipe,
        seed=draft.request.seed,
        folder=folder.resolve(),
        setting=plan.time.setting,
        device=draft.device,
        tensorboard=draft.request.tensorboard,
        teacher=draft.teacher,
        cut_recipe=cut_recipe(draft.request.recipe, plan.recipe, draft.dataset),
    )
    with paged(folder, fetching(workers.storage, work, progress)) as watch:
        winner = search(
            ledger,
            plan.rungs,
            limits=plan.limits,
            propose=_proposals(plan),
            executor=workers.executor(work, progress),
            progress=watch,
        )
        if budget.latency is not None:
            ranked = Board.of(ledger, plan.rungs).ranked()
            winner = fastest_enough(ranked, budget.latency, ledger, work.graph, progress)
        if workers.storage is not None:
            workers.storage.fetch(winner.id, work.folder_of(winner.id))
        return _result(plan, ledger, winner, work, progress)


def _proposals(plan: SearchPlan) -> Proposals:
    """What proposes the designs that are tried."""
    request, costs = plan.draft.request, plan.costs
    return Proposals(
        costs,
        request.budget,
        seed=request.seed,
        zoo=lambda: zoo_entries(costs, request.budget, trials=plan.expected_trials),
        cuts=() if plan.start is None else plan.start.cuts,
        longest=plan.time.longest,
    )


def _result(plan: SearchPlan, ledger: Ledger, winner: Trial, work: TrialWork, progress: Progress) -> ResultRecord:
    """Train the winner to its end, and finish it."""
    progress(Step(name="winner", detail=winner.design))
    training = work.trained(winner.id, winner.design, plan.recipe.epochs, progress, ledger.last(winner.id))
    start = work.start(winner.id, winner.design)
    dataset = start.dataset
    model = Model(
        graph=start.graph,
        weights=training.weights,
        classes=dataset.classes,
        preprocessing=preprocessing_of(dataset),
        provenance=_provenance(plan, winner, start.recipe, training),
    )
    latency = ledger.measured().get(winner.id)
    found = finish(model, dataset, plan.draft.request.budget, work.folder, progress, latency=latency)
    return replace(found, trial=winner.id, design=winner.design, val_top1=training.val_top1, seconds=ledger.seconds())


def _provenance(plan: SearchPlan, winner: Trial, recipe: Recipe, training: Training) -> dict[str, Any]:
    """Where the model says that it comes from."""
    dataset, request = plan.draft.dataset, plan.draft.request
    return {
        "featherbone": version("featherbone"),
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint},
        "budget": {QUANTITIES[name].flag: limit for name, limit in request.budget.limits().items()},
        "seed": request.seed,
        "design": winner.design,
        **({"pretrained": origins(plan.draft.pretrained, winner.design)} if is_cut(winner.design) else {}),
        "recipe": recipe.to_dict(),
        "val_top1": training.val_top1,
    }
