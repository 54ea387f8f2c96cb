"""What stays as it is, to the bit, while the rest is trained: layers, and the statistics of norms."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from staged_cases import ALL, HEAD, STEM, changed, model, staged, trained
from train_cases import RECIPE, dataset

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.nn import module, module_with, weights_of
from featherbone.train import Recipe, Setting, evaluate, train
from featherbone.train.transfer.freeze import frozen_nodes, hold

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler here"
)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop"])
@pytest.mark.parametrize(("freeze", "moves"), [("none", ALL), ("backbone", HEAD), (1, ALL - STEM), (2, HEAD)])
def test_what_is_frozen_is_the_same_to_the_bit(
    tmp_path: Path, optimizer: str, freeze: str | int, moves: set[str]
) -> None:
    recipe = replace(RECIPE, epochs=2, optimizer=optimizer, freeze=freeze, decay_all=True, learning_rate=0.02)
    assert changed(trained(tmp_path, recipe)) == moves


def test_after_freeze_epochs_everything_is_trained(tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=3, freeze="backbone", freeze_epochs=2)
    assert changed(trained(tmp_path, recipe, until_epoch=2)) == HEAD
    assert changed(trained(tmp_path, recipe)) == ALL


def test_frozen_norms_use_their_statistics() -> None:
    net, recipe = module(staged(), seed=0), Recipe(epochs=4, freeze=1, freeze_epochs=2)
    nodes = frozen_nodes(staged(), recipe)
    hold(net, nodes, recipe, 2)
    assert (net.stem.conv_norm.training, net.stage1.conv_norm.training) == (False, True)
    hold(net, nodes, recipe, 3)
    assert net.stem.conv_norm.training
    assert all(parameter.requires_grad for parameter in net.parameters())


STATISTICS = set(staged().buffers())


@pytest.mark.parametrize("fused", [False, pytest.param(True, marks=needs_compiler)])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop"])
def test_held_statistics_are_the_same_to_the_bit_and_all_else_is_trained(
    tmp_path: Path, optimizer: str, fused: bool
) -> None:
    recipe = replace(RECIPE, epochs=2, optimizer=optimizer, hold_statistics=True, learning_rate=0.02)
    setting = Setting(fused=fused)
    assert changed(trained(tmp_path / "held", recipe, setting=setting)) == ALL - STATISTICS
    assert changed(trained(tmp_path / "free", replace(recipe, hold_statistics=False), setting=setting)) == ALL


def test_statistics_are_held_while_layers_are_frozen_and_after(tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=3, freeze="backbone", freeze_epochs=2, hold_statistics=True)
    assert changed(trained(tmp_path, recipe, until_epoch=2)) == HEAD
    assert changed(trained(tmp_path, recipe)) == ALL - STATISTICS


def test_held_statistics_are_what_training_computes_with(tmp_path: Path) -> None:
    """Before a step moves anything, the loss in training is that of an evaluation, whatever the batch looks like."""
    weights = {name: tensor + 0.5 if name in STATISTICS else tensor for name, tensor in model().weights.items()}
    expected = evaluate(module_with(staged(), weights), dataset().splits["train"], dataset()).loss

    def loss(hold: bool) -> float:
        recipe = Recipe(epochs=1, batch_size=100, learning_rate=1e-9, hold_statistics=hold)
        done = train(staged(), dataset(), recipe, folder=tmp_path / str(hold), seed=0, weights=weights)
        return float(done.history[0]["train_loss"])

    assert loss(True) == pytest.approx(expected, rel=1e-5)
    assert loss(False) != pytest.approx(expected, rel=1e-4)


def test_without_norms_there_are_no_statistics_to_hold(tmp_path: Path) -> None:
    graph = image(1, 6).conv(4, 3).act("relu").global_pool().flatten().linear(3).graph("plain")
    recipe, weights = Recipe(epochs=1), weights_of(module(graph, seed=0))
    free, held = (
        train(graph, dataset(), replace(recipe, hold_statistics=hold), folder=tmp_path / name, seed=0, weights=weights)
        for name, hold in (("free", False), ("held", True))
    )
    assert all(held.weights[name].equal(tensor) for name, tensor in free.weights.items())


def test_more_stages_than_there_are_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match=r"freeze is 3, and staged has 2 stages .*: stem, stage1"):
        trained(tmp_path / "a", replace(RECIPE, freeze=3))
    assert not (tmp_path / "a").exists()
