"""The trials of a search learn from one teacher, which is asked once for all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.job import FitRequest
from featherbone.job.images import preprocessing_of
from featherbone.job.search.teacher import teacher_of
from featherbone.job.search.trial_work import Images, TrialWork
from featherbone.nn import Model, module, save_model, weights_of
from featherbone.search import Budget
from featherbone.search.executors import Task
from featherbone.train import Recipe, Setting
from featherbone.train.run.views import AugmentedView
from featherbone.train.transfer import kept_answers
from featherbone.train.transfer.answers import TeacherAnswers, ask
from featherbone.train.transfer.teacher import Teacher

DIGITS = open_dataset("digits")
RECIPE = Recipe(epochs=3, batch_size=64, learning_rate=0.2)
DESIGN = "r8 | stem w{} | head w8"


def saved(folder: Path, classes: tuple[str, ...] = DIGITS.classes) -> Path:
    graph = image(1, 8).flatten().linear(len(classes)).graph("teacher")
    model = Model(
        graph=graph, weights=weights_of(module(graph)), classes=classes, preprocessing=preprocessing_of(DIGITS)
    )
    save_model(folder / "teacher.safetensors", model)
    return folder / "teacher.safetensors"


def asking(**more: Any) -> FitRequest:
    return FitRequest(source="digits", budget=Budget(macs=100_000), **more)


def work(folder: Path, request: FitRequest) -> TrialWork:
    return TrialWork(
        images=Images(source="digits", resolution=None, seed=0, skip_bad=False, fingerprint=DIGITS.fingerprint),
        recipe=RECIPE,
        seed=0,
        folder=folder,
        setting=Setting(threads=1),
        teacher=teacher_of(request, DIGITS),
    )


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "cache"))


def test_a_second_trial_asks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counting(teacher: Teacher, view: AugmentedView, device: str) -> TeacherAnswers:
        asked.append(view.number)
        return ask(teacher, view, device)

    monkeypatch.setattr(kept_answers, "ask", counting)
    recipe = replace(RECIPE, augment=replace(RECIPE.augment, pad=1))
    trials = replace(work(tmp_path, asking(teacher=str(saved(tmp_path)), teacher_views=2)), recipe=recipe)
    for trial in (1, 2):
        task = Task(trial=trial, design=DESIGN.format(8 * trial), rung=0, epochs=3, after=None)
        assert trials(task, lambda event: None).val_top1 > 0.1
    assert asked == [1, 2]


def test_it_changes_what_is_learned(tmp_path: Path) -> None:
    scores = {}
    for name, request in (("alone", asking()), ("taught", asking(teacher=str(saved(tmp_path)), teacher_weight=1.0))):
        task = Task(trial=1, design=DESIGN.format(8), rung=0, epochs=3, after=None)
        scores[name] = work(tmp_path / name, request)(task, lambda event: None).val_loss
    assert scores["taught"] > scores["alone"] + 0.02, "the teacher is one that knows nothing"


def test_another_file_under_the_same_path_is_refused(tmp_path: Path) -> None:
    teacher = teacher_of(asking(teacher=str(saved(tmp_path))), DIGITS)
    assert teacher is not None
    with pytest.raises(FeatherboneError, match="another file here than where the search was begun"):
        replace(teacher, sha256="0" * 64).distillation()


def test_its_path_is_no_part_of_what_decides(tmp_path: Path) -> None:
    teacher = teacher_of(asking(teacher=str(saved(tmp_path)), temperature=2.0), DIGITS)
    assert teacher is not None
    assert set(teacher.facts()) == {"sha256", "temperature", "weight", "views"}
    assert teacher.facts()["temperature"] == 2.0
    assert teacher_of(asking(), DIGITS) is None


def test_what_cannot_teach_is_refused_before_the_search(tmp_path: Path) -> None:
    other = str(saved(tmp_path, ("cat", "dog")))
    with pytest.raises(FeatherboneError, match="knows other classes than digits"):
        teacher_of(asking(teacher=other), DIGITS)
    with pytest.raises(FeatherboneError, match=r"there is no|cannot read"):
        teacher_of(asking(teacher="nowhere.safetensors"), DIGITS)
    with pytest.raises(FeatherboneError, match="temperature is -1"):
        teacher_of(asking(teacher=str(saved(tmp_path)), temperature=-1.0), DIGITS)
    with pytest.raises(FeatherboneError, match="--teacher-weight is given without a teacher"):
        asking(teacher_weight=0.5)
