"""The network that a training begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from featherbone.data import Dataset
from featherbone.graph import Graph
from featherbone.nn import Model, Preprocessing
from featherbone.train import start_from


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network for a data set: ``said`` is what was adapted, a sentence each.

    ``weights`` are those that it begins with, and ``preprocessing`` what they expect of images; None for a new network.
    ``origin`` says where they come from, with their SHA-256.
    """

    graph: Graph
    weights: Mapping[str, Tensor] | None = None
    preprocessing: Preprocessing | None = None
    origin: Mapping[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()


def continued(model: Model, dataset: Dataset, *, seed: int) -> Network:
    """A model's network for these classes: as it is where they are the same, else with a new head.

    Raises:
        FeatherboneError: the network ends in no classifier, or can't take the images.
    """
    start = start_from(model, dataset, seed=seed)
    name = model.graph.name
    if start.new_head:
        head = (
            f"{name} knew {some(model.classes)}; these images show {some(dataset.classes)}: its last layer is new, "
            "all others go on from their weights"
        )
    else:
        head = f"{name} goes on from its weights: the {len(model.classes)} classes are the same"
    said = [head]
    side, view = model.preprocessing.resolution, model.preprocessing.view
    if side != dataset.resolution:
        said.append(
            f"{name} was made for images of {side}×{side}; these have {dataset.resolution}×{dataset.resolution}"
        )
    if view != dataset.view:
        said.append(f"{name} was made to see {view}; of these it sees {dataset.view}")
    return Network(
        graph=start.graph,
        weights=start.weights,
        preprocessing=model.preprocessing,
        said=tuple(said),
    )


def some(classes: tuple[str, ...]) -> str:
    """A few class names.

    >>> some(("cat", "dog")), some(tuple("abcdef"))
    ('2 classes (cat, dog)', '6 classes (a, b, c, …)')
    """
    shown = classes if len(classes) <= 4 else (*classes[:3], "…")
    return f"{len(classes)} classes ({', '.join(shown)})"
