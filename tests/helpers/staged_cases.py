"""A trained network with stages, and what training it further changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from train_cases import dataset

from featherbone.graph import Graph, image, scope
from featherbone.nn import Model, Preprocessing, module, weights_of
from featherbone.train import Execution, Objective, Recipe, Training, train

GREY = Preprocessing(resolution=6, channels=1, mean=(0.4,), std=(0.3,))


def staged(side: int = 6, classes: int = 3) -> Graph:
    x = image(1, side)
    for name in ("stem", "stage1"):
        with scope(name):
            x = x.conv(4, 3, name="conv").norm().act("relu")
    with scope("head"):
        return x.global_pool().flatten().linear(classes, name="classifier").graph("staged")


def model(**changes: Any) -> Model:
    weights = weights_of(module(staged(), seed=3))
    settings = {"graph": staged(), "weights": weights, "classes": ("left", "middle", "right"), "preprocessing": GREY}
    return Model(**{**settings, **changes})


def trained(folder: Path, recipe: Recipe, objective: Objective | None = None, **settings: Any) -> Training:
    now, weights = Execution(**settings), model().weights
    return train(
        staged(), dataset(), recipe, folder=folder, seed=0, weights=weights, objective=objective, execution=now
    )


def changed(training: Training) -> set[str]:
    return {name for name, tensor in training.weights.items() if not torch.equal(tensor, model().weights[name])}


ALL = set(staged().parameters() | staged().buffers())
STEM = {name for name in ALL if name.startswith("stem.")}
HEAD = {"head.classifier.weight", "head.classifier.bias"}
