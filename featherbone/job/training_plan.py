"""All that decides the result of a training, put together from what was asked and what the images are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from featherbone.data import Dataset
from featherbone.job.images import data_facts, open_images
from featherbone.job.target import Network, fingerprint, read_target
from featherbone.job.training_recipe import recipe_for
from featherbone.progress import Noticed, Progress
from featherbone.train import Recipe

SHOWN = 12  # characters of a digest that a message shows


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A training before it begins. ``asked`` is the network as it was named, ``origin`` where its weights come from."""

    source: str
    asked: str
    title: str
    dataset: Dataset
    network: Network
    origin: Mapping[str, str]
    recipe: Recipe
    seed: int

    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to go on, as ``identity_of`` finds it in run.json."""
        return identity_of(self.facts())

    def facts(self) -> dict[str, Any]:
        """What run.json says from the start."""
        return {
            "job": "train",
            "data": data_facts(self.dataset, self.source),
            "network": {
                "asked": self.asked,
                "name": self.network.graph.name,
                "graph": fingerprint(self.network.graph),
                "weights": dict(self.origin) or None,
                "said": list(self.network.said),
            },
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
        }


def identity_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the result of a run, out of its run.json, by the names that a message shows."""
    network = facts["network"]
    return {
        "data": facts["data"]["fingerprint"][:SHOWN],
        "network": f"{network['name']} ({network['graph'][:SHOWN]})",
        "weights": network["weights"] and network["weights"]["sha256"][:SHOWN],
        "seed": facts["seed"],
        "recipe": facts["recipe"],
    }


def plan_training(
    source: str | Path,
    network: str,
    *,
    epochs: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    seed: int,
    resolution: int | None,
    skip_bad: bool,
    progress: Progress,
) -> Plan:
    """Read the network that is named, open the images as it needs them, and adapt one to the other.

    Raises:
        FeatherboneError: the network, the data or the recipe can't be read, or do not fit each other.
    """
    target = read_target(network)
    dataset = open_images(
        source,
        resolution=target.side(resolution),
        channels=target.channels,
        seed=seed,
        skip_bad=skip_bad,
        progress=progress,
    )
    made = target.build(dataset)
    for sentence in made.said:
        progress(Noticed(sentence=sentence))
    if made.preprocessing is not None:  # what the weights are used to
        dataset = replace(dataset, mean=made.preprocessing.mean, std=made.preprocessing.std)
    recipe, notes = recipe_for(dataset, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    for sentence in notes:
        progress(Noticed(sentence=sentence))
    return Plan(
        source=str(source),
        asked=target.asked,
        title=target.title,
        dataset=dataset,
        network=made,
        origin=target.origin,
        recipe=recipe,
        seed=seed,
    )
