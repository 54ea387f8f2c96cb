"""Learning from a teacher: the loss is its formula, the teacher sees the same pixels, and nothing of it is trained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from distil_cases import teacher, wide
from torch import Tensor, nn
from train_cases import CLASSES, RECIPE, dataset, network
from train_resume_cases import assert_resumes_exactly

from featherbone.data.batches import normalise
from featherbone.errors import FeatherboneError
from featherbone.nn import Model, Preprocessing, module, read_tensors
from featherbone.train import Distillation, Execution, Recipe, Training, train
from featherbone.train.optimize.objective import make_objective
from featherbone.train.transfer.distillation_loss import hint_loss, soft_losses
from featherbone.train.transfer.parts import last_map, with_maps
from featherbone.train.transfer.teacher import Teacher

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 6, 6, 1), dtype=np.uint8)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def images() -> Tensor:
    return normalise(PIXELS, dataset().mean, dataset().std)


def run(folder: Path, distillation: Distillation, recipe: Recipe = RECIPE, **more: Any) -> Training:
    objective = distillation.objective(network(), recipe, dataset(), seed=1)
    return train(network(), dataset(), recipe, folder=folder, seed=1, objective=objective, execution=Execution(**more))


def test_soft_losses_are_the_formula() -> None:
    """Hinton: T² · Σ q · log(q / p), with q and p the softened answers of teacher and student."""
    random = np.random.default_rng(1)
    student, taught = random.normal(size=(2, 4, 3))
    for temperature in (1.0, 4.0):
        q, p = (np.exp(scores / temperature) for scores in (taught, student))
        q, p = q / q.sum(1, keepdims=True), p / p.sum(1, keepdims=True)
        found = soft_losses(torch.tensor(student), torch.tensor(taught), temperature)
        assert found.numpy() == pytest.approx(temperature**2 * (q * np.log(q / p)).sum(1), rel=1e-4)


def test_hints_are_half_the_mean_square_at_the_smaller_size() -> None:
    large, small = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 2, 2)
    pooled = large.reshape(2, 3, 2, 2, 2, 2).mean((3, 5))
    torch.testing.assert_close(hint_loss(large, small), ((pooled - small) ** 2).mean() / 2)
    torch.testing.assert_close(hint_loss(small, large), ((pooled - small) ** 2).mean() / 2)


@pytest.mark.parametrize("hint_weight", [0.0, 3.0])
def test_the_whole_loss_is_its_formula(hint_weight: float) -> None:
    recipe = Recipe(epochs=1, label_smoothing=0.1, class_weights=(("left", 2.0),))
    distillation = Distillation(teacher=teacher(), temperature=2.0, weight=0.3, hint_weight=hint_weight)
    student = module(with_maps(wide(), (last_map(wide()),)), seed=0).eval()
    objective = distillation.objective(wide(), recipe, dataset(), seed=0)
    assert objective.maps == ((last_map(wide()),) if hint_weight else ())
    targets = torch.tensor([0, 1, 2, 0, 1])
    scores, own_map = student(images())
    model = module(with_maps(wide(), (last_map(wide()),)), seed=5).eval()
    taught, taught_map = model(normalise(PIXELS, (0.5,), (0.1,)))
    labels = make_objective(recipe, dataset()).loss
    soft = soft_losses(scores, taught, 2.0)
    weights = objective.module.labels.weights[targets]
    expected = 0.7 * labels(lambda given: scores, images(), targets) + 0.3 * (weights * soft).mean()
    if hint_weight:
        kernel, bias = (parameter.detach() for parameter in objective.module.regressor.parameters())
        regressed = torch.einsum("oi,nihw->nohw", kernel[:, :, 0, 0], own_map) + bias[:, None, None]
        expected = expected + hint_weight * ((regressed - taught_map) ** 2).mean() / 2
    found = objective.loss(student if hint_weight else lambda given: student(given)[0], images(), targets)
    torch.testing.assert_close(found, expected)


def test_the_teacher_sees_the_same_pixels_in_its_own_preprocessing() -> None:
    given = Teacher(teacher(), wide(), dataset()).prepared(images())
    torch.testing.assert_close(given, normalise(PIXELS, (0.5,), (0.1,)))
    colour = teacher(wide(channels=3))
    torch.testing.assert_close(
        Teacher(colour, colour.graph, dataset()).prepared(images()),
        normalise(np.repeat(PIXELS, 3, axis=3), (0.5,) * 3, (0.1,) * 3),
    )
    large = teacher(wide(side=12))
    found = Teacher(large, large.graph, dataset()).prepared(images())
    assert found.shape == (5, 1, 12, 12)
    torch.testing.assert_close(found.mean((1, 2, 3)), given.mean((1, 2, 3)), atol=0.35, rtol=0)


def test_it_computes_in_its_own_precision() -> None:
    plain = Teacher(teacher(), wide(), dataset())(images())[0]
    low = Teacher(teacher(), wide(), dataset(), "bfloat16")(images())[0]
    assert low.dtype == torch.bfloat16
    torch.testing.assert_close(low.float(), plain, atol=0.05, rtol=0.05)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(Teacher(teacher(), wide(), dataset())(images())[0], plain)


def test_classes_in_another_order_are_brought_into_order() -> None:
    graph = wide()
    order = ("right", "left", "middle")
    found = Teacher(teacher(classes=order), graph, dataset())(images())[0]
    plain = Teacher(teacher(), graph, dataset())(images())[0]
    assert torch.equal(found[:, [2, 0, 1]], plain)


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        (teacher(classes=("left", "middle", "up")), {}, "it lacks right and has up"),
        (teacher(wide(classes=4), classes=(*CLASSES, "none")), {}, "it has none"),
        (teacher(), {"channels": 3, "mean": (0.3,) * 3, "std": (0.2,) * 3}, "takes grey images"),
    ],
)
def test_teachers_of_something_else_are_refused(model: Model, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FeatherboneError, match=message):
        Distillation(teacher=model).objective(network(), RECIPE, dataset(**changes), seed=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"weight": 1.5}, "weight is 1.5"),
        ({"hint_weight": -1.0}, "hint_weight is -1.0"),
        ({"views": -1}, "views is -1"),
        ({"precision": "float16"}, "precision is 'float16'"),
        ({"student_map": "conv"}, "hint_weight is 0"),
        ({"hint_weight": 1.0, "student_map": "convv"}, "tiny has no node 'convv'"),
        ({"hint_weight": 1.0, "teacher_map": "flatten"}, "flatten of wide is no feature map"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(FeatherboneError, match=message):
        Distillation(teacher=teacher(), **settings).objective(network(), RECIPE, dataset(), seed=0)


def test_a_student_learns_from_the_teacher_alone(tmp_path: Path) -> None:
    """With weight 1 the labels count nothing: the student takes over a teacher that calls left right."""
    taught = train(network(8), dataset(), replace(RECIPE, epochs=8), folder=tmp_path / "t", seed=0)
    model = Model(
        graph=network(8),
        weights=taught.weights,
        classes=("right", "middle", "left"),
        preprocessing=Preprocessing(resolution=6, channels=1, mean=(0.3,), std=(0.2,)),
    )
    student = run(tmp_path / "s", Distillation(teacher=model, weight=1.0), replace(RECIPE, epochs=8))
    assert taught.val_top1 > 0.8
    assert student.val_top1 < 0.5


@pytest.mark.parametrize("hint_weight", [0.0, 1.0])
def test_resuming_is_exact_and_the_teacher_stays_out_of_the_checkpoint(tmp_path: Path, hint_weight: float) -> None:
    distillation = Distillation(teacher=teacher(), hint_weight=hint_weight)
    before = {name: tensor.clone() for name, tensor in distillation.teacher.weights.items()}
    recipe = replace(RECIPE, epochs=3)
    assert_resumes_exactly(tmp_path, lambda folder, **more: run(folder, distillation, recipe, **more))
    assert all(torch.equal(tensor, before[name]) for name, tensor in distillation.teacher.weights.items())
    tensors, header = read_tensors(tmp_path / "whole" / "checkpoint.safetensors")
    own = {name for name in tensors if name.startswith("objective/")}
    assert own == ({"objective/regressor.weight", "objective/regressor.bias"} if hint_weight else set())
    assert ("optimizer/momentum_buffer/objective.regressor.weight" in tensors) == bool(hint_weight)
    assert {name.partition("/")[2] for name in tensors if name.startswith("average/")} == set(
        {**network().parameters(), **network().buffers()}
    )
    assert json.loads(json.loads(header["identity"])["objective"])["temperature"] == 4.0


def test_the_regressor_is_trained(tmp_path: Path) -> None:
    distillation = Distillation(teacher=teacher(), hint_weight=1.0)
    fresh = distillation.objective(network(), RECIPE, dataset(), seed=1).module
    assert isinstance(fresh, nn.Module)
    start = {name: parameter.detach().clone() for name, parameter in fresh.named_parameters()}
    run(tmp_path, distillation, until_epoch=1)
    tensors, _ = read_tensors(tmp_path / "checkpoint.safetensors")
    assert all(not torch.equal(tensors[f"objective/{name}"], value) for name, value in start.items())


def test_another_teacher_is_another_run(tmp_path: Path) -> None:
    run(tmp_path, Distillation(teacher=teacher()), until_epoch=1)
    for other in (
        Distillation(teacher=teacher(seed=6)),
        Distillation(teacher=teacher(), temperature=3.0),
        Distillation(
            teacher=replace(teacher(), preprocessing=Preprocessing(resolution=6, channels=1, mean=(0.5,), std=(0.2,)))
        ),
    ):
        with pytest.raises(FeatherboneError, match="another objective"):
            run(tmp_path, other)
    renamed = replace(teacher(), graph=wide().renamed("other"), provenance={"note": "the same"})
    assert run(tmp_path, Distillation(teacher=renamed), until_epoch=1).epoch == 1


def test_a_teacher_keeps_its_running_statistics_whatever_is_trained_around_it() -> None:
    around = nn.ModuleList([Teacher(teacher(), wide(), dataset())])
    around.train()
    assert not any(part.training for part in around[0].modules())
