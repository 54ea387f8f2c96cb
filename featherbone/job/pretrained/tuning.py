"""Uncut networks fine-tuned on the images of a search, before it begins: what is cut, and what teaches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.job.folder import require_same
from featherbone.job.pretrained.models import Pretrained, require_takes
from featherbone.job.search.request import FitRequest
from featherbone.job.training.plan import TrainingPlan, plan_training
from featherbone.job.training.request import TrainRequest
from featherbone.job.training.result import trained_model
from featherbone.job.training.setting import chosen_setting, epoch_seconds
from featherbone.job.weight_options import weight_choices
from featherbone.nn import Model, load_model, save_model
from featherbone.progress import Noticed, Progress, Step, Trained, silent
from featherbone.quantity import format_duration
from featherbone.run_file import UNCUT
from featherbone.search.record.ledger import Ledger
from featherbone.train import Execution, Setting, train
from featherbone.train.machine.memory import threads_of

SHARE = 3 / 8  # of a limited time in which all uncut networks are fine-tuned
KEY = "fine-tuning"  # in the ledger, before the name of a network: how it is trained
MODEL, START = "model.safetensors", "start.safetensors"


@dataclass(frozen=True, kw_only=True)
class Uncut:
    """A pretrained network after it was fine-tuned: its file, how good it became, and the seconds that it took."""

    pretrained: Pretrained
    path: Path
    val_top1: float
    seconds: float

    def model(self) -> Model:
        return load_model(self.path)


def tuned(
    request: FitRequest,
    dataset: Dataset,
    pretrained: Sequence[Pretrained],
    folder: Path,
    ledger: Ledger,
    progress: Progress,
) -> tuple[Uncut, ...]:
    """Each network fine-tuned on the images, in a folder of its own; one that was before is taken as it is.

    Of a limited time they take three eighths together. The ledger keeps setting and epochs from the beginning,
    so that a run that was stopped goes on with them.

    Raises:
        FeatherboneError: the time is too short for an epoch; one was begun in the folder with other images or another
            seed; what ``featherbone train`` refuses.
    """
    seconds = None if request.time is None else SHARE * request.time / len(pretrained)
    found = []
    for each in pretrained:
        place = folder / UNCUT / each.name
        before = ledger.recall(f"{KEY} {each.name}")
        if before is not None:
            require_same(place, before["of"], _facts(request, dataset, each))
        if not (place / MODEL).exists():
            _train(request, dataset, each, place, ledger, seconds, progress)
        known = load_model(place / MODEL).provenance
        found.append(Uncut(pretrained=each, path=place / MODEL, val_top1=known["val_top1"], seconds=known["seconds"]))
    return tuple(found)


def _facts(request: FitRequest, dataset: Dataset, pretrained: Pretrained) -> dict[str, Any]:
    """What decides what becomes of it, but for setting and epochs."""
    return {"network": pretrained.digest, "data": dataset.fingerprint, "seed": request.seed}


def _train(
    request: FitRequest,
    dataset: Dataset,
    pretrained: Pretrained,
    folder: Path,
    ledger: Ledger,
    seconds: float | None,
    progress: Progress,
) -> None:
    """Fine-tune a network and write it into its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    start = folder / START
    if not start.exists():
        save_model(start, require_takes(pretrained, dataset))
    plan = plan_training(
        TrainRequest(
            source=request.source,
            network=str(start),
            resolution=dataset.resolution,
            choices=weight_choices(crop=dataset.view.crop, interpolation=dataset.view.interpolation),
            class_weights=request.class_weights,
            seed=request.seed,
            device=request.device,
            setting=request.setting,
            skip_bad=request.skip_bad,
        ),
        silent,  # it tells of the images once more
    )
    key = f"{KEY} {pretrained.name}"
    known = ledger.recall(key)
    if known is None:
        known = {**_decided(plan, pretrained, seconds, progress), "of": _facts(request, dataset, pretrained)}
        ledger.remember(key, known)
    plan = replace(plan, recipe=plan.recipe.with_epochs(known["epochs"]))
    progress(Step(name="uncut", detail=f"{pretrained.name}, {plan.recipe.epochs} epochs"))
    setting = Setting.from_dict(known["setting"])
    with threads_of(setting):
        training = train(
            plan.network.graph,
            plan.dataset,
            plan.recipe,
            folder=folder,
            seed=request.seed,
            weights=plan.network.weights,
            execution=Execution(
                device=plan.device,
                setting=setting,
                progress=lambda report: progress(Trained(trial=None, **vars(report))),
            ),
        )
    model = trained_model(plan, training)
    took = sum(row["seconds"] for row in training.history)
    save_model(folder / MODEL, replace(model, provenance={**model.provenance, "seconds": took}))


def _decided(plan: TrainingPlan, pretrained: Pretrained, seconds: float | None, progress: Progress) -> dict[str, Any]:
    """The setting that trains it fastest here, and for how many epochs: those of its recipe, or what there is time for.

    Raises:
        FeatherboneError: the time is too short for an epoch.
    """
    setting = chosen_setting(plan, progress)
    epoch = epoch_seconds(plan, setting)
    usual = plan.recipe.epochs
    epochs = usual if seconds is None else min(usual, int(seconds / epoch))
    if epochs < 1:
        raise FeatherboneError(
            f"an epoch of fine-tuning {pretrained.name} takes about {format_duration(epoch)} here, and the uncut "
            f"network may take {format_duration(seconds or 0)}, three eighths of the time",
            hint=f"give {math.ceil(2 * epoch / (seconds or epoch))} times as much --time, or smaller images by "
            "--resolution",
        )
    share = "" if seconds is None else f", of the {format_duration(seconds)} that it may take"
    progress(
        Noticed(
            sentence=f"{pretrained.name} is fine-tuned uncut for {epochs} epochs first, in about "
            f"{format_duration(epochs * epoch)}{share}: it is what cuts begin from"
        )
    )
    return {"setting": setting["chosen"], "epochs": epochs}
