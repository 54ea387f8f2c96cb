"""The training job: from images and a network to a trained, exported, checked and timed model, with its report."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from featherbone.atomic import remove_unfinished, write_atomically
from featherbone.files import damage
from featherbone.graph import to_json
from featherbone.job.folder import environment, require_job, require_same, run_folder, write_facts
from featherbone.job.machine import device_of
from featherbone.job.option import command_words, keywords_of
from featherbone.job.training.plan import TrainingPlan, identity_of, plan_training
from featherbone.job.training.request import TrainRequest
from featherbone.job.training.result import gain_of, result_of
from featherbone.job.training.setting import chosen_setting, tested_rate, with_rate
from featherbone.job.training.watched_training import setting_of, trained
from featherbone.json_values import write_value
from featherbone.lock import locked
from featherbone.progress import Progress, Step, silent
from featherbone.report import write_report
from featherbone.run_file import LOCK, NAME, NETWORK, read_facts, record_of
from featherbone.train import Setting
from featherbone.train.several.distributed import joined, own_device


@keywords_of(TrainRequest)
def train_network(source: str | Path, network: str, *, progress: Progress = silent, **asked: Any) -> Path:
    """Train a network on images, and write everything that is needed to use and to believe the result.

        train_network("photos", "mobilenet_v2", epochs=30)  # PosixPath('runs/photos-mobilenet_v2')

    ``source`` is what ``open_dataset`` takes, ``network`` what ``read_target`` takes: a network of the zoo, which is
    adapted to the images, a model file to go on from, a design or a graph. What else can be asked, by keyword, is what
    ``featherbone.job.TrainRequest`` holds. The folder that is returned holds run.json, network.json, checkpoints,
    log.jsonl, model.safetensors, model.onnx and report.html. The test split is used once, at the end. Called again with
    the same arguments it goes on where it was stopped, and ends with the same result; a finished run is left as it is.
    Started by ``torchrun``, the processes train together; the first one does everything else.

    Raises:
        FeatherboneError: the data are no data set; the network does not fit them (before anything is written); the
            folder holds another run or is in use; the loss is not finite.
        KeyboardInterrupt: the run was asked to stop; where it stands is saved.
    """
    return run_train(TrainRequest(source=source, network=network, **asked), progress)


def run_train(request: TrainRequest, progress: Progress = silent) -> Path:
    """Do what a request asks; the folder of the run.

        run_train(TrainRequest(source="photos", network="mobilenet_v2", epochs=30))

    ``train_network`` says what is done, and what it raises.
    """
    with joined(own_device(device_of(request.device))) as processes, ExitStack() as held:
        tell = progress if processes.first else silent
        plan = plan_training(request, tell)
        begun = processes.agreed(lambda: _begun(plan, held, tell))
        folder, facts = Path(begun["folder"]), begun["facts"]
        record = record_of(facts, folder)
        if not record.is_finished:
            plan = with_rate(plan, record.recipe["learning_rate"])
            training = trained(plan, setting_of(record), folder, tell)
            if processes.first:
                facts = {**facts, "result": write_value(result_of(plan, training, folder, tell))}
                gain = gain_of(folder, record_of(facts, folder))
                write_facts(folder, {**facts, "gain": None if gain is None else asdict(gain)})
        if processes.first:
            tell(Step(name="report"))
            write_report(folder)
    return folder


def _begun(plan: TrainingPlan, held: ExitStack, progress: Progress) -> dict[str, Any]:
    """The folder of the run, locked for as long as ``held``, and its run.json."""
    request, taught = plan.request, "taught" if plan.teaching else ""
    folder = run_folder(plan.dataset.name, plan.title, taught, name=request.name, out=request.out)
    folder.mkdir(parents=True, exist_ok=True)
    held.enter_context(locked(folder / LOCK, f"the run {folder}"))
    remove_unfinished(folder)
    facts = _facts_of_before(plan, folder) or _new_facts(plan, folder, progress)
    if not record_of(facts, folder).is_finished:
        with write_atomically(folder / NETWORK) as file:
            file.write(to_json(plan.network.graph).encode())
    return {"folder": str(folder), "facts": facts}


def _facts_of_before(plan: TrainingPlan, folder: Path) -> dict[str, Any] | None:
    """What run.json says of the same run, begun before; None where there is none."""
    facts = read_facts(folder)
    if facts is not None:
        record = record_of(facts, folder)
        require_job(folder, record, "train")
        with damage(folder / NAME):
            asked = record_of({**plan.facts(), "result": None}, folder)
            require_same(folder, identity_of(record), identity_of(asked))
            setting_of(record)
    return facts


def _new_facts(plan: TrainingPlan, folder: Path, progress: Progress) -> dict[str, Any]:
    """The run.json of a new run, after what the machine decides of it."""
    setting = chosen_setting(plan, progress)
    command = command_words("train", plan.request)
    facts = {"command": command, **plan.facts(), "setting": setting, **environment()}
    if plan.request.find_lr:
        found = tested_rate(plan, Setting.from_dict(setting["chosen"]), progress)
        facts["learning_rate_test"] = write_value(found)
        facts["recipe"] = with_rate(plan, found.suggestion).recipe.to_dict()
    facts["result"] = None
    write_facts(folder, facts)
    return facts
