"""All that decides the result of a training, put together from what was asked and what the images are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, to_json
from featherbone.hub.loading import view_of
from featherbone.job.images import open_images, record_of_data
from featherbone.job.machine import device_of, setting_on
from featherbone.job.training.given_weights import require_bare, with_weights
from featherbone.job.training.recipe import recipe_for
from featherbone.job.training.request import TrainRequest
from featherbone.job.training.starting import Network
from featherbone.job.training.target import TrainingTarget, read_target
from featherbone.job.training.teacher import Teaching, read_teaching
from featherbone.json_values import write_value
from featherbone.progress import Noticed, Progress
from featherbone.run_record import DataRecord, RunRecord
from featherbone.train import Objective, Recipe, Setting
from featherbone.train.optimize.objective import make_objective
from featherbone.train.run.requirements import require_trainable
from featherbone.train.transfer.freeze import frozen_nodes
from featherbone.view import View

SHOWN = 12  # characters of a digest that a message shows
FOUND = "as --find-lr finds it"


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """A training before it begins: what was asked, with the images, the network and the recipe that follow from it.

    ``asked`` is the network as it was named, and ``title`` a short name of it. ``setting`` is the one that was asked
    for; without it the machine decides.
    """

    request: TrainRequest
    asked: str
    title: str
    dataset: Dataset
    network: Network
    recipe: Recipe
    teaching: Teaching | None
    device: str
    setting: Setting | None

    def objective(self) -> Objective | None:
        """What is lowered instead of the recipe's loss alone, where a teacher is asked."""
        if self.teaching is None:
            return None
        seed = self.request.seed
        return self.teaching.distillation.objective(self.network.graph, self.recipe, self.dataset, seed=seed)

    def facts(self) -> dict[str, Any]:
        """What run.json says from the start; what the machine decides is added when it is known."""
        return {
            "job": "train",
            "data": write_value(record_of_data(self.dataset, self.request.source)),
            "network": {
                "asked": self.asked,
                "name": self.network.graph.name,
                "graph": fingerprint(self.network.graph),
                "weights": dict(self.network.origin) or None,
                "said": list(self.network.said),
            },
            "recipe": self.recipe.to_dict(),
            "learning_rate_test": FOUND if self.request.find_lr else None,
            "teacher": None if self.teaching is None else self.teaching.facts(),
            "precision": self.request.precision,
            "asked_setting": None if self.setting is None else str(self.setting),
            "seed": self.request.seed,
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
        "data": data_words(record.data),
        "network": network and f"{network.name} ({network.graph[:SHOWN]})",
        "weights": network and network.weights and network.weights["sha256"][:SHOWN],
        "teacher": teacher and {**teacher, "source": None, "sha256": teacher["sha256"][:SHOWN]},
        "seed": record.seed,
        "precision": record.precision,
        "setting": record.asked_setting,
        "recipe": recipe,
    }


def data_words(data: DataRecord) -> str:
    """The images as a message shows them: what follows from their fingerprint."""
    counts = "/".join(map(str, data.counts.values()))
    side, classes = data.resolution, len(data.classes)
    return f"{counts} images of {classes} classes, {data.channels}×{side}×{side} ({data.fingerprint[:SHOWN]})"


def plan_training(request: TrainRequest, progress: Progress, images: Dataset | None = None) -> TrainingPlan:
    """Read the network that is named, open the images as it needs them, and adapt one to the other.

    ``images`` are the same where they are open already.

    Raises:
        FeatherboneError: the network, the data, the recipe or the teacher can't be read, or do not fit each other.
    """
    target = read_target(request.network, seed=request.seed)
    teaching = read_teaching(request)
    dataset = _images(request, target, progress) if images is None else images
    network = _network(request, target, dataset, progress)
    if network.preprocessing is not None:  # what the weights are used to
        dataset = replace(dataset, mean=network.preprocessing.mean, std=network.preprocessing.std)
    recipe, notes = recipe_for(dataset, request, tuned=network.weights is not None)
    taught = [] if teaching is None else teaching.said_of(dataset.view)
    for sentence in (*network.said, *taught, *notes):
        progress(Noticed(sentence=sentence))
    device = device_of(request.device)
    plan = TrainingPlan(
        request=request,
        asked=target.asked,
        title=target.title,
        dataset=dataset,
        network=network,
        recipe=recipe,
        teaching=teaching,
        device=device,
        setting=setting_on(device, request.setting),
    )
    _require_possible(plan)
    return plan


def _images(request: TrainRequest, target: TrainingTarget, progress: Progress) -> Dataset:
    """The data set, at the resolution and in the view of the network."""
    return open_images(
        request.source,
        resolution=target.side(request.resolution),
        channels=target.channels or (3 if request.weights is not None else None),
        view=_view(target, request),
        seed=request.seed,
        skip_bad=request.skip_bad,
        progress=progress,
    )


def _view(target: TrainingTarget, request: TrainRequest) -> View:
    """The part of the images that the network is used to, or that was chosen."""
    if request.weights is None:
        return request.choices.over(target.view)
    require_bare(target, request.weights)
    return view_of(request.weights, request.choices)


def _network(request: TrainRequest, target: TrainingTarget, dataset: Dataset, progress: Progress) -> Network:
    if request.weights is None:
        return target.build(dataset)
    return with_weights(target, request.weights, request.choices, dataset, seed=request.seed, progress=progress)


def _require_possible(plan: TrainingPlan) -> None:
    """Raise, before anything is written, what training would raise at its start."""
    graph, recipe = plan.network.graph, plan.recipe
    require_trainable(graph, plan.dataset, recipe, recipe.epochs)
    frozen_nodes(graph, recipe)
    plan.objective() or make_objective(recipe, plan.dataset)
    if plan.network.weights is None:
        _require_nothing_kept(recipe, graph.name)


def _require_nothing_kept(recipe: Recipe, name: str) -> None:
    """Raise where the recipe keeps something that random weights have not learned yet."""
    if recipe.freeze != "none":
        kept = "freezes the backbone" if recipe.freeze == "backbone" else f"freezes {recipe.freeze} of its stages"
    elif recipe.hold_statistics:
        kept = "holds the statistics of its norms (hold_statistics)"
    else:
        return
    other = "take another recipe" if recipe.hold_statistics else "give --freeze none"
    raise FeatherboneError(
        f"the recipe {kept}, and {name} begins with random weights",
        hint=f"begin with weights (--weights, or a model.safetensors as --network), or {other}",
    )
