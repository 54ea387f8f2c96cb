"""What a training comes to: the model that was trained, finished, and what a teacher brought."""

from __future__ import annotations

import math
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.job.finish import finish
from featherbone.job.images import preprocessing_of
from featherbone.job.training.plan import TrainingPlan, identity_of
from featherbone.metrics import Z95
from featherbone.nn import Model
from featherbone.progress import Progress
from featherbone.run_file import read_record
from featherbone.run_record import ResultRecord, RunRecord, TeacherGain
from featherbone.train import Training


def result_of(plan: TrainingPlan, training: Training, folder: Path, progress: Progress) -> ResultRecord:
    """The model that was trained, finished: what was found."""
    return replace(
        finish(trained_model(plan, training), plan.dataset, None, folder, progress),
        epochs=training.epoch,
        best_epoch=training.best_epoch,
        val_top1=training.val_top1,
        seconds=sum(row["seconds"] for row in training.history),
    )


def trained_model(plan: TrainingPlan, training: Training) -> Model:
    dataset, teacher = plan.dataset, plan.teaching
    return Model(
        graph=plan.network.graph,
        weights=training.weights,
        classes=dataset.classes,
        preprocessing=preprocessing_of(dataset),
        provenance={
            "featherbone": version("featherbone"),
            "data": {"name": dataset.name, "fingerprint": dataset.fingerprint},
            "network": plan.asked,
            "weights": dict(plan.network.origin) or None,
            "teacher": None if teacher is None else teacher.facts(),
            "seed": plan.request.seed,
            "recipe": plan.recipe.to_dict(),
            "val_top1": training.val_top1,
        },
    )


def gain_of(folder: Path, record: RunRecord) -> TeacherGain | None:
    """The gain in top-1 over the same run without a teacher, which is looked for in the folders beside this one.

    None without a teacher, or where no such run is finished.
    """
    taught = record.result
    if record.teacher is None or taught is None:
        return None
    wanted = {**identity_of(record), "teacher": None}
    for other in sorted(folder.resolve().parent.iterdir()):
        try:
            found = read_record(other)
        except (FeatherboneError, OSError):
            continue
        alone = found.result if found is not None and found.is_training else None
        if found is not None and alone is not None and identity_of(found) == wanted:
            error = math.hypot(taught.test_top1_standard_error, alone.test_top1_standard_error)
            gain = taught.test_top1 - alone.test_top1
            return TeacherGain(run=str(other), top1=alone.test_top1, gain=gain, half=Z95 * error)
    return None
