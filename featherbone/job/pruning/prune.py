"""The pruning job: a trained network is cut to a budget, mended, taught, exported, checked and timed, with a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from featherbone.atomic import remove_unfinished, write_atomically
from featherbone.cut_record import ComparedRecord
from featherbone.graph import to_json
from featherbone.job.clock import clock_of
from featherbone.job.finish import finish
from featherbone.job.folder import begun, run_folder, write_facts
from featherbone.job.option import command_words, keywords_of
from featherbone.job.pruning.compared import MENDED, TAUGHT, UNCUT, compared, of_result
from featherbone.job.pruning.cut import CUT, cut
from featherbone.job.pruning.plan import PruningPlan, images_for, plan_pruning, pruning_identity
from featherbone.job.pruning.request import PruneRequest
from featherbone.job.pruning.teaching import as_paced, paced, teaching_plan
from featherbone.job.training.result import trained_model
from featherbone.job.training.watched_training import setting_of, trained
from featherbone.json_values import write_value
from featherbone.lock import locked
from featherbone.nn import Model, load_model
from featherbone.progress import Noticed, Progress, Step, silent
from featherbone.report import write_report
from featherbone.report.cut_content import no_faster
from featherbone.run_file import LOCK, NETWORK, record_of
from featherbone.run_record import ResultRecord, RunRecord
from featherbone.train import Training


@keywords_of(PruneRequest)
def prune(model: str, source: str | Path, *, progress: Progress = silent, **asked: Any) -> Path:
    """Cut a trained network to a budget, with images that it will see, and write all that is needed to use the result.

        prune("model.safetensors", "photos", budget=Budget.read(macs="60M"), time=1200.0)

    What can be asked, by keyword, is what ``featherbone.job.PruneRequest`` holds. Channels go where the answers change
    least for what is saved; what is left is mended by least squares on training images without their labels, and with
    a ``time`` taught by the uncut network. The folder that is returned holds run.json, cut.safetensors (before it was
    taught), model.safetensors, model.onnx and report.html. Called again with the same arguments it goes on where it was
    stopped.

    Raises:
        FeatherboneError: no model or data; a budget that is kept already, or that no cut
            keeps; the folder holds another run or is in use.
        KeyboardInterrupt: the run was asked to stop; where it stands is saved.
    """
    return run_prune(PruneRequest(model=model, source=source, **asked), progress)


def run_prune(request: PruneRequest, progress: Progress = silent) -> Path:
    """Do what a request asks; the folder of the run.

        run_prune(PruneRequest(model="model.safetensors", source="photos", budget=Budget.read(macs="60M")))

    ``prune`` says what is done, and what it raises.
    """
    plan = plan_pruning(request, progress)
    folder = run_folder(plan.dataset.name, plan.title, name=request.name, out=request.out)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK, f"the run {folder}"):
        remove_unfinished(folder)
        asked = {"command": command_words("prune", plan.request), **plan.facts()}
        facts = begun(folder, asked, pruning_identity)
        if not record_of(facts, folder).is_finished:
            facts = _cut(plan, folder, facts, progress)
            _finish(plan, folder, facts, progress)
        progress(Step(name="report"))
        write_report(folder)
    return folder


def _cut(plan: PruningPlan, folder: Path, facts: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Cut the network, and decide how long it is taught, unless that was done before."""
    if facts.get("cut") is None:
        facts = {**facts, "cut": write_value(cut(plan, folder, progress))}
        write_facts(folder, facts)
    if plan.request.time is not None and facts.get("setting") is None:
        facts = {**facts, **paced(plan, teaching_plan(plan, folder), progress)}
        write_facts(folder, facts)
    return facts


def _finish(plan: PruningPlan, folder: Path, facts: Mapping[str, Any], progress: Progress) -> None:
    """Teach what was cut, where it is to be taught, and write what comes of it."""
    record, mended = record_of(dict(facts), folder), load_model(folder / CUT)
    with write_atomically(folder / NETWORK) as file:
        file.write(to_json(mended.graph).encode())
    model, training = (mended, None) if not record.recipe else _taught(plan, folder, record, progress)
    latency = None
    if plan.request.budget.latency is not None:
        latency = clock_of(plan.request.budget.latency)(model.graph)
    dataset = images_for(plan, model.preprocessing)
    result = finish(model, dataset, plan.request.budget, folder, progress, latency=latency)
    if training is not None:
        result = replace(
            result,
            epochs=training.epoch,
            best_epoch=training.best_epoch,
            val_top1=training.val_top1,
            seconds=sum(row["seconds"] for row in training.history),
        )
    progress(Step(name="compare"))
    told = _compared(plan, compared(MENDED, mended, dataset) if training else None, result)
    if sentence := no_faster(told):
        progress(Noticed(sentence=sentence))
    write_facts(folder, {**facts, "compared": [write_value(each) for each in told], "result": write_value(result)})


def _taught(plan: PruningPlan, folder: Path, record: RunRecord, progress: Progress) -> tuple[Model, Training]:
    setting = setting_of(record)
    teaching = as_paced(teaching_plan(plan, folder), record.recipe, setting)
    training = trained(teaching, setting, folder, progress)
    return trained_model(teaching, training), training


def _compared(plan: PruningPlan, mended: ComparedRecord | None, result: ResultRecord) -> tuple[ComparedRecord, ...]:
    """The network before the cut, after it where it was then taught, and at the end."""
    uncut = compared(UNCUT, plan.model, plan.dataset)
    if mended is None:
        return uncut, of_result(MENDED, result)
    return uncut, mended, of_result(TAUGHT, result)
