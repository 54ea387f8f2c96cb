"""A network that begins with weights from elsewhere: a file, or published ones by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from featherbone.data import Dataset
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.hub import WeightChoices
from featherbone.hub.loading import load_chosen
from featherbone.hub.published import LIBRARIES
from featherbone.job.training.starting import Network, continued
from featherbone.job.training.target import TrainingTarget
from featherbone.job.weight_files import CHECKPOINT, MODEL, fetching, kind_of_ours
from featherbone.nn import Model
from featherbone.progress import Progress


def with_weights(
    target: TrainingTarget, weights: str, choices: WeightChoices, dataset: Dataset, *, seed: int, progress: Progress
) -> Network:
    """The network of a target for a data set, with these weights; a new last layer where they are of other classes.

    The file may have as many classes as the images, in the order of their names, or as many as the network has in its
    paper.

    Raises:
        FeatherboneError: no such weights; what does not fit; a choice that changes nothing.
    """
    made = target.build(dataset)
    model, errors = None, []
    for graph in (made.graph, *target.usual(dataset)):
        try:
            model = _loaded(graph, weights, choices, dataset, progress)
            break
        except FeatherboneError as error:
            errors.append(error)
    if model is None:
        usual = weights.startswith(LIBRARIES) or choices.drop_background  # of the classes of the paper
        raise errors[-1] if usual else min(errors, key=lambda error: len(error.sentence))  # the fewest mismatches
    begun = continued(model, dataset, seed=seed)
    remarks = model.provenance["weights"]["remarks"]
    origin = {"source": weights, "sha256": _sha256(model, weights)}
    return replace(begun, origin=origin, said=(*made.said, *remarks, *begun.said))


def require_bare(target: TrainingTarget, weights: str) -> None:
    """Raise for a target with weights of its own, and for a file of ours, which holds more than weights."""
    if target.origin:
        raise FeatherboneError(
            f"{target.asked} has weights of its own, and --weights names {weights}", hint="leave one of them out"
        )
    kind = kind_of_ours(weights)
    if kind == MODEL:
        raise FeatherboneError(
            f"{weights} holds a model with its network, classes and preprocessing; --weights is for bare weights",
            hint=f"give it as --network {weights}",
        )
    if kind.startswith(CHECKPOINT):
        raise FeatherboneError(
            f"{weights} is the checkpoint of a run, with more than its weights",
            hint="finish the run, and give its model.safetensors as --network",
        )


def _loaded(graph: Graph, weights: str, choices: WeightChoices, dataset: Dataset, progress: Progress) -> Model:
    same = graph.output_shape == (len(dataset.classes),)
    classes = dataset.classes if same else None
    return load_chosen(graph, weights, choices, classes=classes, progress=fetching(weights, progress))


def _sha256(model: Model, weights: str) -> str:
    known = model.provenance["weights"].get("sha256")
    return str(known) if known else file_hash(Path(weights))
