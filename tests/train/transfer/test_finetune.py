"""Going on from a model: a new head, frozen parts, other sizes of image, and an early end."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from staged_cases import GREY, model, staged, trained
from train_cases import RECIPE, dataset, network
from train_resume_cases import assert_resumes_exactly

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.json_values import write_value
from featherbone.networks import network as named_network
from featherbone.nn import Model, Preprocessing, module, module_with, weights_of
from featherbone.train import (
    Objective,
    Recipe,
    evaluate,
    find_learning_rate,
    start_from,
    train,
    with_new_head,
)
from featherbone.train.transfer.parts import classifier_of, stages_of
from featherbone.train.tuning.learning_rate_test import RANGES


@pytest.mark.parametrize("name", ["squeezenet", "mobilenet_v3_small", "shufflenet_v2", "efficientnet_b0"])
def test_a_new_head_on_networks_of_the_zoo(name: str) -> None:
    graph = named_network(name)
    shapes = {**graph.parameters(), **graph.buffers()}
    colour = Preprocessing(resolution=graph.input_shape[1], channels=3, mean=(0.5,) * 3, std=(0.2,) * 3)
    weights = {key: torch.zeros(()).expand(shape) for key, shape in shapes.items()}
    before = Model(graph=graph, weights=weights, classes=tuple(map(str, range(1000))), preprocessing=colour)
    after = with_new_head(before, ("a", "b", "c"), seed=1)
    head = classifier_of(graph)
    assert after.graph.output_shape == (3,)
    for key, tensor in after.weights.items():
        if key.startswith(f"{head}."):
            assert tensor.shape[0] == 3
        else:
            assert tensor is weights[key]
    assert not after.weights[f"{head}.weight"].equal(torch.zeros_like(after.weights[f"{head}.weight"]))
    assert head not in {node for members in stages_of(graph).values() for node in members}


def test_a_network_without_a_classifier_is_refused() -> None:
    graph = image(1, 6).conv(3, 3).global_pool().flatten().graph("bare")
    assert classifier_of(graph) == "conv"
    tail = image(1, 6).flatten().linear(3).graph("a")
    summed = replace(tail, outputs=("flatten",))
    with pytest.raises(FeatherboneError, match="a ends in image"):
        classifier_of(summed)
    with pytest.raises(FeatherboneError, match="none were given"):
        with_new_head(model(), ())


def test_the_same_classes_keep_their_head_and_the_models_preprocessing() -> None:
    start = start_from(model(), dataset())
    assert not start.new_head
    assert start.weights is not None
    assert (start.dataset.mean, start.dataset.std) == (GREY.mean, GREY.std)
    other = start_from(model(classes=("left", "right", "middle")), dataset())
    assert other.new_head
    assert not other.weights["head.classifier.weight"].equal(start.weights["head.classifier.weight"])
    with pytest.raises(FeatherboneError, match="takes images of 1 channels; those of stripes have 3"):
        start_from(model(), dataset(channels=3))


def test_another_resolution_of_the_data_is_taken_where_the_network_can() -> None:
    start = start_from(model(), dataset(resolution=9))
    assert start.graph == staged(side=9)
    flat = image(1, 6).flatten().linear(3).graph("flat")
    rigid = model(graph=flat, weights=weights_of(module(flat)))
    with pytest.raises(FeatherboneError, match=r"flat cannot take images of 9×9 with the same weights: linear.weight"):
        start_from(rigid, dataset(resolution=9))


def test_fine_tuning_a_trained_model_begins_where_it_was(tmp_path: Path) -> None:
    done = trained(tmp_path / "a", replace(RECIPE, epochs=4))
    start = start_from(model(weights=done.weights), dataset(mean=GREY.mean, std=GREY.std))
    recipe = Recipe(epochs=1, learning_rate=1e-9)
    again = train(start.graph, start.dataset, recipe, folder=tmp_path / "b", seed=1, weights=start.weights)
    before = evaluate(module_with(staged(), done.weights), start.dataset.splits["val"], start.dataset)
    assert again.history[0]["train_loss"] < math.log(3)
    assert before.count == 40
    with pytest.raises(FeatherboneError, match="another normalisation"):
        train(start.graph, dataset(), recipe, folder=tmp_path / "b", seed=1, weights=start.weights)


@pytest.mark.parametrize(
    "change",
    [
        {"freeze": "backbone", "freeze_epochs": 2, "optimizer": "adamw", "learning_rate": 0.01},
        {"freeze": 1, "head_rate": 5.0, "optimizer": "rmsprop", "learning_rate": 0.01},
        {"schedule": "onecycle", "momentum": 0.95, "class_weights": "balanced"},
        {"schedule": "step", "milestones": (1.5, 3.0), "resolutions": ((1, 4), (3, 6))},
        {"patience": 1, "monitor": "val_top1"},
        {"hold_statistics": True, "freeze": "backbone", "freeze_epochs": 1, "head_rate": 4.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_resuming_is_exact_with_each_option(tmp_path: Path, change: dict[str, Any]) -> None:
    recipe = replace(RECIPE, epochs=4, **change)
    assert_resumes_exactly(tmp_path, lambda folder, **more: trained(folder, recipe, **more))


def test_it_stops_early_at_the_same_epoch_after_a_resume_and_ships_the_best(tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=30, patience=3, ema_decay=0.0, learning_rate=0.5, warmup_epochs=0.0)
    notes: list[str] = []
    whole = trained(tmp_path / "a", recipe, progress=lambda event: notes.append(event.note))
    losses = [row["val_loss"] for row in whole.history]
    best = int(np.argmin(losses)) + 1
    assert whole.epoch == best + 3 < 30
    assert (whole.best_epoch, whole.finished) == (best, True)
    assert [note for note in notes if note] == [
        f"stopped after epoch {best + 3} of 30: val_loss was best in epoch {best} ({losses[best - 1]:.4g}), "
        "whose weights are kept"
    ]
    found = evaluate(module_with(staged(), whole.weights), dataset().splits["val"], dataset())
    assert found.loss == pytest.approx(losses[best - 1], rel=1e-6)
    for until in range(1, whole.epoch):
        assert not trained(tmp_path / "b", recipe, until_epoch=until).finished
    resumed = trained(tmp_path / "b", recipe)
    assert (resumed.epoch, resumed.best_epoch) == (whole.epoch, best)
    assert all(torch.equal(resumed.weights[name], tensor) for name, tensor in whole.weights.items())
    before = (tmp_path / "a" / "checkpoint.safetensors").read_bytes()
    assert trained(tmp_path / "a", recipe).epoch == whole.epoch  # nothing more is trained
    assert (tmp_path / "a" / "checkpoint.safetensors").read_bytes() == before


def test_smaller_images_first_are_what_the_network_sees(tmp_path: Path) -> None:
    sides: list[tuple[int, ...]] = []

    def loss(network, images, targets):
        sides.append(images.shape[2:])
        return torch.nn.functional.cross_entropy(network(images), targets)

    recipe = replace(RECIPE, epochs=2, resolutions=((1, 3), (2, 6)))
    seen: list[tuple[int, ...]] = []
    hooked = torch.nn.Conv2d.forward

    def forward(self, x):
        if self.in_channels == 1 and self.training:
            seen.append(tuple(x.shape[2:]))
        return hooked(self, x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.Conv2d, "forward", forward)
        trained(tmp_path, recipe, objective=Objective(loss=loss))
    assert seen == [(3, 3)] * 7 + [(6, 6)] * 7
    assert set(sides) == {(6, 6)}  # the objective has whole images, as a teacher needs them


def test_networks_that_cannot_change_their_size_are_refused(tmp_path: Path) -> None:
    small = replace(RECIPE, resolutions=((1, 4), (3, 6)))
    with pytest.raises(FeatherboneError, match=r"tiny cannot take images of 4×4 with the same weights: linear.weight"):
        train(network(), dataset(), small, folder=tmp_path / "a", seed=0)
    with pytest.raises(FeatherboneError, match="resolutions has 8, and the images are 6×6"):
        trained(tmp_path / "a", replace(RECIPE, resolutions=((1, 8),)))
    edges = ((0, 1), (0, 1))
    pooled = image(1, 6).conv(4, 3).avg_pool(2, padding=edges, count_padding=False)
    uneven = pooled.global_pool().flatten().linear(3).graph("uneven")
    with pytest.raises(FeatherboneError, match="its operators hold the side"):
        train(uneven, dataset(), replace(RECIPE, resolutions=((1, 4),)), folder=tmp_path / "a", seed=0)
    assert not (tmp_path / "a").exists()


def test_the_range_test_finds_where_the_loss_falls_and_leaves_everything_alone() -> None:
    torch.manual_seed(1)
    before, weights = torch.get_rng_state(), {name: tensor.clone() for name, tensor in model().weights.items()}
    found = find_learning_rate(staged(), dataset(), RECIPE, weights=weights, rates=replace(RANGES["sgd"], steps=60))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(tensor.equal(model().weights[name]) for name, tensor in weights.items())
    rates = [point.learning_rate for point in found.points]
    assert rates[0] == 1e-4
    assert np.diff(np.log(rates)) == pytest.approx(math.log(1e5) / 59)
    average, expected = 0.0, []
    for step, point in enumerate(found.points, start=1):
        average = 0.9 * average + 0.1 * point.loss
        expected.append(average / (1 - 0.9**step))
    assert [point.smoothed for point in found.points] == pytest.approx(expected)
    assert found.lowest_at == rates[int(np.argmin(expected))]
    assert found.suggestion == found.lowest_at / 3
    again = find_learning_rate(staged(), dataset(), RECIPE, weights=weights, rates=replace(RANGES["sgd"], steps=60))
    assert again == found
    assert write_value(found)["points"][0]["learning_rate"] == 1e-4


def test_a_range_that_shows_nothing_is_refused() -> None:
    for settings, message in (
        ({"lowest": 1.0, "highest": 0.1}, "it must rise"),
        ({"steps": 5}, "at least 10"),
        ({"lowest": 1e-12, "highest": 1e-11, "steps": 12}, "the loss never fell with learning rates from 1e-12"),
    ):
        with pytest.raises(FeatherboneError, match=message):
            find_learning_rate(staged(), dataset(), RECIPE, rates=replace(RANGES["sgd"], **settings))
