"""What is decided before the first step and holds until the last."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.data.dataset import Dataset
from featherbone.graph import Graph
from featherbone.train.machine.setting import Setting
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.several.distributed import ALONE, TrainingProcesses


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run before it begins: what is trained, on what, how, and where it is computed."""

    graph: Graph
    dataset: Dataset
    recipe: Recipe
    seed: int
    setting: Setting
    device: str
    processes: TrainingProcesses = ALONE
