"""The training job: from images and a network to a trained, exported, checked and timed model, with its report."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from featherbone.atomic import write_atomically
from featherbone.graph import to_json
from featherbone.job.command import command_words
from featherbone.job.finish import finish
from featherbone.job.folder import (
    LOCK,
    environment,
    read_facts,
    require_job,
    require_same,
    run_folder,
    write_facts,
)
from featherbone.job.images import preprocessing_of
from featherbone.job.pace import Pace
from featherbone.job.training_plan import Plan, identity_of, plan_training
from featherbone.lock import locked
from featherbone.nn import Model
from featherbone.progress import Progress, Step, Trained, silent
from featherbone.train import Progress as Report
from featherbone.train import Training, train
from featherbone.train.epochs import equal_batches

NETWORK = "network.json"  # the graph that is trained, in the run folder


def train_network(
    source: str | Path,
    network: str,
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    resolution: int | None = None,
    name: str | None = None,
    out: Path | None = None,
    skip_bad: bool = False,
    progress: Progress = silent,
) -> Path:
    """Train a network on images, and write everything that is needed to use and to believe the result.

        train_network("photos", "mobilenet_v2")  # PosixPath('runs/photos-mobilenet_v2')

    ``source`` is what ``open_dataset`` takes, ``network`` what ``read_target`` takes: a network of the zoo, which is
    adapted to the images, a model file to go on from, a design or a graph. The folder that is returned holds run.json,
    network.json, checkpoints, log.jsonl, model.safetensors, model.onnx and report.html. The test split is used once, at
    the end. Called again with the same arguments it goes on where it was stopped, and ends with the same result; a
    finished run is left as it is.

    Raises:
        FeatherboneError: the data are no data set; the network does not fit them (before anything is written); the
            folder holds another run or is in use; the loss is not finite; the ONNX file does not compute what was
            trained.
    """
    plan = plan_training(
        source,
        network,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        resolution=resolution,
        skip_bad=skip_bad,
        progress=progress,
    )
    folder = run_folder(plan.dataset.name, plan.title, name=name, out=out)
    options = {"network": network, "epochs": epochs, "batch_size": batch_size, "lr": learning_rate}
    places = {"resolution": resolution, "seed": seed or None, "name": name, "out": out, "skip_bad": skip_bad}
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK, f"the run {folder}"):
        facts = _begun(plan, folder) or _begin(plan, folder, command_words("train", source, {**options, **places}))
        if facts["result"] is None:
            progress(Step(name="train", detail=f"{plan.network.graph.name}, {plan.recipe.epochs} epochs"))
            _keep_graph(plan, folder)
            training = _trained(plan, folder, progress)
            result = {
                "epochs": training.epoch,
                "val_top1": training.val_top1,
                **finish(_model(plan, training), plan.dataset, None, folder, progress),
                "seconds": sum(row["seconds"] for row in training.history),
            }
            write_facts(folder, {**facts, "result": result})
        progress(Step(name="report"))
        # write_report(folder)
    return folder


def _begun(plan: Plan, folder: Path) -> dict[str, Any] | None:
    """What run.json says of the same run, begun before; None where there is none."""
    facts = read_facts(folder)
    if facts is not None:
        require_job(folder, facts, "train")
        require_same(folder, identity_of(facts), plan.identity())
    return facts


def _begin(plan: Plan, folder: Path, command: list[str]) -> dict[str, Any]:
    """The run.json of a new run."""
    facts = {"command": command, **plan.facts(), **environment(), "result": None}
    write_facts(folder, facts)
    return facts


def _keep_graph(plan: Plan, folder: Path) -> None:
    with write_atomically(folder / NETWORK) as file:
        file.write(to_json(plan.network.graph).encode())


def _trained(plan: Plan, folder: Path, progress: Progress) -> Training:
    """The network trained to the recipe's end, from its checkpoint on."""
    pace = Pace()
    _, batch = equal_batches(len(plan.dataset.splits["train"].labels), plan.recipe.batch_size)

    def watch(report: Report) -> None:
        speed = 0.0
        if report.is_epoch_end:
            pace.pause()
        elif not report.note:
            speed = pace.step(batch)
        progress(Trained(trial=None, images_per_second=speed, **vars(report)))

    return train(
        plan.network.graph,
        plan.dataset,
        plan.recipe,
        folder=folder,
        seed=plan.seed,
        weights=plan.network.weights,
        progress=watch,
    )


def _model(plan: Plan, training: Training) -> Model:
    return Model(
        graph=plan.network.graph,
        weights=training.weights,
        classes=plan.dataset.classes,
        preprocessing=preprocessing_of(plan.dataset),
        provenance={
            "featherbone": version("featherbone"),
            "data": {"name": plan.dataset.name, "fingerprint": plan.dataset.fingerprint},
            "network": plan.asked,
            "weights": dict(plan.origin) or None,
            "seed": plan.seed,
            "recipe": plan.recipe.to_dict(),
            "val_top1": training.val_top1,
        },
    )
