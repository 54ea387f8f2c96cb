"""A teacher is asked once for each view, whoever trains on it, and what is kept is what it said."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from distil_cases import teacher, wide
from train_cases import RECIPE, dataset, network

from featherbone.data import Dataset
from featherbone.data.augment import Augment
from featherbone.data.batches import Batching
from featherbone.errors import FeatherboneError
from featherbone.nn import Model, read_tensors, write_tensors
from featherbone.train import Distillation, Recipe, Training, train
from featherbone.train.run.views import AugmentedView
from featherbone.train.transfer import kept_answers
from featherbone.train.transfer.answers import TeacherAnswers, ask
from featherbone.train.transfer.kept_answers import KeptAnswers, folder_of_answers, name_of, remove_oldest
from featherbone.train.transfer.teacher import Teacher

SHORT = replace(RECIPE, epochs=4)
VIEW = AugmentedView(dataset=dataset(), augment=RECIPE.augment, seed=3, number=2)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "answers"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the views that a teacher was asked about."""
    numbers: list[int] = []

    def counting(teacher: Teacher, view: AugmentedView, device: str) -> TeacherAnswers:
        numbers.append(view.number)
        return ask(teacher, view, device)

    monkeypatch.setattr(kept_answers, "ask", counting)
    return numbers


def run(
    folder: Path, recipe: Recipe = SHORT, *, channels: int = 4, views: int = 2, model: Model | None = None
) -> Training:
    distillation = Distillation(teacher=model or teacher(), views=views)
    graph = network(channels)
    objective = distillation.objective(graph, recipe, dataset(), seed=1)
    return train(graph, dataset(), recipe, folder=folder, seed=1, objective=objective)


def kept(model: Model | None = None) -> KeptAnswers:
    model = model or teacher()
    objective = Distillation(teacher=model).objective(network(), RECIPE, dataset(), seed=0)
    assert isinstance(objective.answers, KeptAnswers)
    return objective.answers


def same(one: Training, other: Training) -> bool:
    return all(torch.equal(other.weights[name], tensor) for name, tensor in one.weights.items())


def test_other_networks_and_other_batches_ask_nothing_more(tmp_path: Path, asked: list[int]) -> None:
    run(tmp_path / "first")
    assert asked == [1, 2]
    run(tmp_path / "second", replace(SHORT, batch_size=7, epochs=6), channels=6)
    assert asked == [1, 2]
    run(tmp_path / "third", views=3)
    assert asked == [1, 2, 3]
    run(tmp_path / "more", replace(SHORT, augment=Augment(pad=2)), views=1)
    run(tmp_path / "else", model=teacher(seed=6), views=1)
    assert asked == [1, 2, 3, 1, 1]


def enlarged(data: Dataset, times: int) -> Dataset:
    """The same images with each pixel as a square of them."""
    splits = {
        name: replace(split, images=np.asarray(split.images).repeat(times, axis=1).repeat(times, axis=2))
        for name, split in data.splits.items()
    }
    return replace(data, resolution=data.resolution * times, splits=splits)


def test_students_of_any_size_share_what_is_said_of_larger_images(tmp_path: Path, asked: list[int]) -> None:
    large, recipe = enlarged(dataset(), 4), replace(SHORT, augment=Augment(resized_crop=0.4, flip=True))
    distillation = Distillation(teacher=teacher(wide(side=24)), views=2)
    for data in (dataset(), enlarged(dataset(), 2)):
        graph = wide(side=data.resolution)
        objective = distillation.objective(graph, recipe, data, seed=1, larger=large)
        train(graph, data, recipe, folder=tmp_path / str(data.resolution), seed=1, objective=objective)
    assert asked == [1, 2]


def test_a_teacher_sees_the_same_view_of_larger_images() -> None:
    small, large = dataset(), enlarged(dataset(), 4)
    view = AugmentedView(dataset=small, augment=Augment(resized_crop=0.4, flip=True), seed=3, number=2)
    objective = Distillation(teacher=teacher(wide(side=24))).objective(
        network(), replace(RECIPE, augment=view.augment), small, seed=0, larger=large
    )
    assert isinstance(objective.answers, KeptAnswers)
    numbers = np.arange(len(small.splits["train"].labels))
    found = objective.answers.of(view, "cpu")(numbers)
    seen = replace(view, dataset=large)
    shown = torch.cat([images for images, *_ in seen.batches(Batching(batch_size=64))])
    scores = Teacher(teacher(wide(side=24)), wide(side=24), large)(shown)[0]
    assert torch.allclose(found, scores - scores.amax(dim=1, keepdim=True), atol=1e-2)
    boxes = [each.drawn.box for each in (view, seen)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    near = (4 * boxes[0] - boxes[1]).abs().amax(dim=1) <= 4  # but for what a pixel of the small one decides
    assert near.double().mean() > 0.9


@pytest.mark.parametrize(
    "augment", [Augment(pad=1), Augment(erase=0.1), Augment(mixup=0.2), Augment(rand_augment=(1, 9))]
)
def test_views_that_do_not_scale_are_not_shown_larger(augment: Augment) -> None:
    with pytest.raises(FeatherboneError, match="an augmentation that scales"):
        Distillation(teacher=teacher(wide(side=24))).objective(
            network(), replace(RECIPE, augment=augment), dataset(), seed=0, larger=enlarged(dataset(), 4)
        )


def test_the_size_of_what_the_teacher_sees_is_part_of_a_run() -> None:
    distillation = Distillation(teacher=teacher())
    assert distillation.identity() != distillation.identity(enlarged(dataset(), 2))


def test_with_zero_views_each_epoch_shows_another(tmp_path: Path, asked: list[int]) -> None:
    run(tmp_path / "run", views=0)
    assert asked == [1, 2, 3, 4]


def test_without_augmentation_there_is_one_view(tmp_path: Path, asked: list[int]) -> None:
    run(tmp_path / "run", replace(SHORT, augment=Augment()))
    assert asked == [1]


def test_a_training_out_of_the_cache_is_the_same_to_the_bit(tmp_path: Path, cache: Path) -> None:
    fresh, again = run(tmp_path / "fresh"), run(tmp_path / "again")
    for path in cache.iterdir():
        path.unlink()
    anew = run(tmp_path / "anew")
    assert same(fresh, again)
    assert same(fresh, anew)


def test_answers_are_those_of_these_images_as_they_are_shown_alone() -> None:
    data = VIEW.dataset
    others = [
        replace(data, fingerprint="others"),
        replace(data, classes=data.classes[::-1]),
        replace(data, mean=tuple(value + 0.01 for value in data.mean)),
        replace(data, std=tuple(2 * value for value in data.std)),
    ]
    views = [VIEW, replace(VIEW, number=3), replace(VIEW, seed=4), replace(VIEW, augment=Augment(pad=2))]
    names = [name_of(view, "teacher") for view in [*views, *(replace(VIEW, dataset=other) for other in others)]]
    assert len({*names, name_of(VIEW, "another")}) == 9
    assert name_of(replace(VIEW), "teacher") == names[0]


def test_mixed_images_are_answered_as_they_are_shown() -> None:
    view = replace(VIEW, augment=Augment(pad=1, mixup=0.4, cutmix=1.0))
    rows, network = kept().of(view, "cpu"), Teacher(teacher(), teacher().graph, dataset())
    for images, _, found in view.batches(
        Batching(batch_size=11, shuffle=True), generator=torch.Generator().manual_seed(0), beside=rows
    ):
        direct = network(images)[0]
        assert torch.allclose(found, direct - direct.amax(1, keepdim=True), atol=1e-3, rtol=1e-3)


def test_damage_is_noticed_and_made_good(cache: Path, asked: list[int]) -> None:
    numbers = np.arange(100)
    expected = kept().of(VIEW, "cpu")(numbers)
    (path,) = cache.glob("*.safetensors")
    sound = path.read_bytes()
    for damaged in (
        sound[:-1],
        b"",
        sound[:-8] + bytes([sound[-8] ^ 1]) + sound[-7:],
        sound.replace(b"float16", b"float61"),
        b"\x80\x04 a pickle",
    ):
        path.write_bytes(damaged)
        assert kept().of(VIEW, "cpu")(numbers).equal(expected)
        assert path.read_bytes() == sound


def test_a_file_of_something_else_is_not_believed(cache: Path, asked: list[int]) -> None:
    answers = kept()
    expected = answers.of(VIEW, "cpu")(np.arange(100))
    (path,) = cache.glob("*.safetensors")
    tensors, header = read_tensors(path)
    for others, said in (
        (tensors, {**header, "view": "another"}),
        (tensors, {**header, "format": "featherbone-answers 0"}),
        ({"scores": tensors["scores"][:99]}, header),
        ({"scores": tensors["scores"].float()}, header),
        ({"other": tensors["scores"]}, header),
    ):
        write_tensors(path, others, said)
        assert answers.of(VIEW, "cpu")(np.arange(100)).equal(expected)
    assert len(asked) == 6


def _killed_while_writing(torn: bool) -> None:
    def dies(*arguments: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if torn:
        os.fsync = dies  # type: ignore[assignment]
    else:
        os.replace = dies  # type: ignore[assignment]
    kept().of(VIEW, "cpu")


@pytest.mark.parametrize("torn", [True, False])
def test_a_kill_while_writing_leaves_nothing_that_is_read(cache: Path, asked: list[int], torn: bool) -> None:
    process = multiprocessing.get_context("fork").Process(target=_killed_while_writing, args=(torn,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not list(cache.glob("*.safetensors"))
    kept().of(VIEW, "cpu")
    assert asked == [2]
    assert [path.suffix for path in cache.iterdir()] == [".safetensors"]


def test_processes_that_need_the_same_ask_once(cache: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_asks, args=(tmp_path / str(number),)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    said = [(tmp_path / str(number)).read_text() for number in range(3)]
    assert sorted(said) == ["0", "0", "1"]


def _asks(path: Path) -> None:
    calls = 0

    def counting(teacher: Teacher, view: AugmentedView, device: str) -> TeacherAnswers:
        nonlocal calls
        calls += 1
        return ask(teacher, view, device)

    kept_answers.ask = counting
    kept().of(VIEW, "cpu")
    path.write_text(str(calls))


def test_the_files_used_last_are_kept(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.safetensors" for number in range(4)]
    for age, path in enumerate(paths):
        path.write_bytes(bytes(10))
        os.utime(path, (100 - age, 100 - age))
    remove_oldest(paths[3], most=40)
    assert all(path.exists() for path in paths)
    remove_oldest(paths[3], most=25)
    assert [path.exists() for path in paths] == [True, False, False, True]
    remove_oldest(paths[3], most=5)
    assert [path.exists() for path in paths] == [False, False, False, True]


def test_reading_counts_as_use(cache: Path) -> None:
    kept().of(VIEW, "cpu")
    (path,) = cache.glob("*.safetensors")
    os.utime(path, (1, 1))
    kept().of(VIEW, "cpu")
    assert path.stat().st_mtime > 1


def test_it_is_said_before_that_the_teacher_will_be_asked(cache: Path) -> None:
    said = kept().said(VIEW)
    assert said == f"the teacher is asked about 100 images once for each of 16 views; its answers are kept in {cache}"
    kept().of(VIEW, "cpu")
    assert kept().said(VIEW) == ""
    assert "once for each epoch" in replace(kept(), views=0).said(replace(VIEW, number=3))


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "file"))
    with pytest.raises(FeatherboneError, match="can't be written"):
        folder_of_answers()
