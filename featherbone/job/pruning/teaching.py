"""What is left of a network learns from the whole one, for as long as there is time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from featherbone.job.pruning.cut import CUT
from featherbone.job.pruning.plan import PruningPlan, images_for
from featherbone.job.training.plan import TrainingPlan, plan_training
from featherbone.job.training.recipe import default_epochs
from featherbone.job.training.request import TrainRequest
from featherbone.job.training.setting import chosen_setting, epoch_seconds
from featherbone.nn import load_model
from featherbone.progress import Noticed, Progress, silent
from featherbone.quantity import format_duration
from featherbone.train import Recipe, Setting, default_recipe, recipe_named
from featherbone.train.transfer.distillation import PRECISIONS, VIEWS
from featherbone.train.transfer.teacher import Teacher

RECIPE = "recover"
TEACHER_SHARE = 1.0  # of the loss: the answers of the uncut network alone, whose labels these images may not have
TEMPERATURE = 2.0
BATCH = 64  # images by which the teacher is timed
LONGEST = 300  # epochs


def teaching_plan(plan: PruningPlan, folder: Path) -> TrainingPlan:
    """The training that follows on the cut, but for how long it is."""
    request, cut = plan.request, folder / CUT
    training = plan_training(
        TrainRequest(
            source=request.source,
            network=str(cut),
            teacher=request.model,
            teacher_weight=TEACHER_SHARE,
            temperature=TEMPERATURE,
            seed=request.seed,
            device=request.device,
            setting=request.setting,
            skip_bad=request.skip_bad,
        ),
        silent,  # it tells of the images once more
        images_for(plan, load_model(cut).preprocessing),
    )
    usual = default_recipe(training.dataset, default_epochs(training.dataset))
    return replace(training, recipe=replace(recipe_named(RECIPE), augment=usual.augment))


def paced(plan: PruningPlan, training: TrainingPlan, progress: Progress) -> dict[str, Any]:
    """What run.json says of setting and recipe, of as many epochs as there is time for; no recipe where none fits."""
    assert plan.request.time is not None, "asked for"
    setting = chosen_setting(training, progress)
    precision = _teachers_precision(Setting.from_dict(setting["chosen"]))
    own = epoch_seconds(training, setting)
    teachers = len(plan.dataset.splits["train"].labels) * _teacher_seconds(training, precision)
    epochs = min(LONGEST, _afforded(plan.request.time, own, teachers))
    if epochs == 0:
        there, needed = format_duration(plan.request.time), format_duration(own + teachers)
        sentence = f"an epoch takes about {needed}, and {there} are given: nothing is taught"
        progress(Noticed(sentence=sentence))
        return {"setting": setting}
    return {"setting": setting, "recipe": training.recipe.with_epochs(epochs).to_dict()}


def _afforded(seconds: float, own: float, teachers: float) -> int:
    """The epochs that there is time for, of so many seconds each; the teacher is asked about each view once."""
    first = int(seconds / (own + teachers))
    return first if first < VIEWS else VIEWS + int((seconds - VIEWS * (own + teachers)) / own)


def _teacher_seconds(training: TrainingPlan, precision: str) -> float:
    """Seconds in which the uncut network answers one image, of many at a time."""
    assert training.teaching is not None, "asked for"
    model = training.teaching.distillation.teacher
    teacher = Teacher(model, model.graph, training.dataset, precision).to(training.device)
    noise = torch.zeros(BATCH, *training.network.graph.input_shape, device=training.device)
    noise = noise.to(memory_format=torch.channels_last)
    teacher(noise)
    started = time.perf_counter()
    teacher(noise)
    return (time.perf_counter() - started) / BATCH


def as_paced(training: TrainingPlan, recipe: Mapping[str, Any], setting: Setting) -> TrainingPlan:
    """The training by the recipe that was written down; the teacher computes as precisely as what it teaches."""
    assert training.teaching is not None, "asked for"
    distillation = replace(training.teaching.distillation, precision=_teachers_precision(setting))
    teaching = replace(training.teaching, distillation=distillation)
    return replace(training, recipe=Recipe.from_dict(dict(recipe)), teaching=teaching)


def _teachers_precision(setting: Setting) -> str:
    return setting.precision if setting.precision in PRECISIONS else PRECISIONS[0]
