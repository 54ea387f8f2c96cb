"""All that decides the result of a training, put together from what was asked and what the images are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, to_json
from featherbone.hub.loading import view_of
from featherbone.job.images import data_facts, open_images
from featherbone.job.training.given_weights import require_bare, with_weights
from featherbone.job.training.options import Options
from featherbone.job.training.recipe import recipe_for
from featherbone.job.training.starting import Network
from featherbone.job.training.target import Target, read_target
from featherbone.job.training.teacher import Teaching, read_teaching
from featherbone.progress import Noticed, Progress
from featherbone.run_record import DataRecord, RunRecord
from featherbone.train import Objective, Recipe
from featherbone.train.optimize.objective import make_objective
from featherbone.train.run.requirements import require_trainable
from featherbone.train.transfer.freeze import frozen_nodes
from featherbone.view import View

SHOWN = 12  # characters of a digest that a message shows
FOUND = "as --find-lr finds it"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A training before it begins. ``asked`` is the network as it was named."""

    source: str
    asked: str
    title: str
    dataset: Dataset
    network: Network
    recipe: Recipe
    teaching: Teaching | None
    options: Options

    @property
    def seed(self) -> int:
        return self.options.seed

    def objective(self) -> Objective | None:
        """What is lowered instead of the recipe's loss alone, where a teacher is asked."""
        if self.teaching is None:
            return None
        return self.teaching.distillation.objective(self.network.graph, self.recipe, self.dataset, seed=self.seed)

    def facts(self) -> dict[str, Any]:
        """What run.json says from the start; what the machine decides is added when it is known."""
        return {
            "job": "train",
            "data": data_facts(self.dataset, self.source),
            "network": {
                "asked": self.asked,
                "name": self.network.graph.name,
                "graph": fingerprint(self.network.graph),
                "weights": dict(self.network.origin) or None,
                "said": list(self.network.said),
            },
            "recipe": self.recipe.to_dict(),
            "learning_rate_test": FOUND if self.options.find_lr else None,
            "teacher": None if self.teaching is None else self.teaching.facts(),
            "precision": self.options.precision,
            "asked_setting": None if self.options.fixed is None else str(self.options.fixed),
            "seed": self.seed,
        }


def fingerprint(graph: Graph) -> str:
    """SHA-256 of a graph's text, without its name."""
    return hashlib.sha256(to_json(graph.renamed("network")).encode()).hexdigest()


def identity_of(record: RunRecord) -> dict[str, Any]:
    """What must be the same for a run to go on, out of its record, by the names that a message shows."""
    network, teacher, recipe = record.network, record.teacher, record.recipe
    if record.learning_rate_test is not None:
        recipe = {**recipe, "learning_rate": FOUND}
    return {
        "data": _data_words(record.data),
        "network": network and f"{network.name} ({network.graph[:SHOWN]})",
        "weights": network and network.weights and network.weights["sha256"][:SHOWN],
        "teacher": teacher and {**teacher, "source": None, "sha256": teacher["sha256"][:SHOWN]},
        "seed": record.seed,
        "precision": record.precision,
        "setting": record.asked_setting,
        "recipe": recipe,
    }


def _data_words(data: DataRecord) -> str:
    """The images as a message shows them: what follows from their fingerprint."""
    counts = "/".join(map(str, data.counts.values()))
    side, classes = data.resolution, len(data.classes)
    return f"{counts} images of {classes} classes, {data.channels}×{side}×{side} ({data.fingerprint[:SHOWN]})"


def plan_training(source: str | Path, network: str, options: Options, progress: Progress) -> Plan:
    """Read the network that is named, open the images as it needs them, and adapt one to the other.

    Raises:
        FeatherboneError: the network, the data, the recipe or the teacher can't be read, or do not fit each other.
    """
    target = read_target(network, seed=options.seed)
    teaching = read_teaching(options)
    dataset = open_images(
        source,
        resolution=target.side(options.resolution),
        channels=target.channels or (3 if options.weights is not None else None),
        view=_view(target, options),
        seed=options.seed,
        skip_bad=options.skip_bad,
        progress=progress,
    )
    if options.weights is None:
        made = target.build(dataset)
    else:
        made = with_weights(target, options.weights, options.choices, dataset, seed=options.seed, progress=progress)
    if made.preprocessing is not None:  # what the weights are used to
        dataset = replace(dataset, mean=made.preprocessing.mean, std=made.preprocessing.std)
    recipe, notes = recipe_for(dataset, options, tuned=made.weights is not None)
    taught = [] if teaching is None else teaching.said_of(dataset.view)
    for sentence in (*made.said, *taught, *notes):
        progress(Noticed(sentence=sentence))
    plan = Plan(
        source=str(source),
        asked=target.asked,
        title=target.title,
        dataset=dataset,
        network=made,
        recipe=recipe,
        teaching=teaching,
        options=options,
    )
    _require_possible(plan)
    return plan


def _view(target: Target, options: Options) -> View:
    """The part of the images that the network is used to, or that was chosen."""
    if options.weights is None:
        return options.choices.over(target.view)
    require_bare(target, options.weights)
    return view_of(options.weights, options.choices)


def _require_possible(plan: Plan) -> None:
    """Raise, before anything is written, what training would raise at its start."""
    graph, recipe = plan.network.graph, plan.recipe
    require_trainable(graph, plan.dataset, recipe, recipe.epochs)
    frozen_nodes(graph, recipe)
    plan.objective() or make_objective(recipe, plan.dataset)
    if recipe.freeze != "none" and plan.network.weights is None:
        what = "the backbone" if recipe.freeze == "backbone" else f"{recipe.freeze} of its stages"
        raise FeatherboneError(
            f"the recipe freezes {what}, and {graph.name} begins with random weights",
            hint="begin with weights (--weights, or a model.safetensors as --network), or give --freeze none",
        )
