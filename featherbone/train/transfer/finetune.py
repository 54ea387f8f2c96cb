"""Where training goes on from a model: its weights, its preprocessing, and a new classifier for new classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from featherbone.data.dataset import Dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import Conv, Linear
from featherbone.nn import Model
from featherbone.nn.initialise import initial_weights
from featherbone.train.run.resolution import at_resolution
from featherbone.train.transfer.parts import classifier_of


@dataclass(frozen=True, kw_only=True)
class Start:
    """What `train` begins with instead of random weights.

    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(1, 8).flatten().linear(10).graph("linear")
    >>> weights = weights_of(module(graph, seed=0))
    >>> Start(graph=graph, weights=weights, dataset=open_dataset("digits"), new_head=False).dataset.name
    'digits'
    """

    graph: Graph
    weights: Mapping[str, Tensor]
    dataset: Dataset  # with the model's mean and standard deviation
    new_head: bool


def with_new_head(model: Model, classes: Sequence[str], *, seed: int = 0) -> Model:
    """The model with a freshly drawn classifier for these classes; all other weights are the same.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 8).conv(4, 3).global_pool().flatten().linear(2).graph("tiny")
    >>> grey = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> model = Model(graph=graph, weights=weights_of(module(graph)), classes=("a", "b"), preprocessing=grey)
    >>> other = with_new_head(model, ("x", "y", "z"))
    >>> other.graph.output_shape, other.weights["conv.weight"].equal(model.weights["conv.weight"])
    ((3,), True)

    Raises `FeatherboneError` where the network does not end in a classifier, or no class is named.
    """
    if not classes:
        raise FeatherboneError("a new head needs the names of its classes; none were given")
    head = classifier_of(model.graph)
    entries = [
        (node.name, _resized(node.operator, len(classes)) if node.name == head else node.operator, node.inputs)
        for node in model.graph.nodes
    ]
    shares = {node.name: node.shares for node in model.graph.nodes if node.shares}
    graph = Graph.build(model.graph.name, entries, model.graph.outputs, shares=shares)
    drawn = initial_weights(graph, seed=seed)
    own = {name for name in drawn if name.rpartition(".")[0] == head}
    return Model(
        graph=graph,
        weights={name: tensor if name in own else model.weights[name] for name, tensor in drawn.items()},
        classes=tuple(classes),
        preprocessing=model.preprocessing,
        provenance=model.provenance,
    )


def start_from(model: Model, dataset: Dataset, *, seed: int = 0) -> Start:
    """What training a model on a data set begins with.

    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 8).conv(4, 3).norm().act("relu").global_pool().flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> trained = Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen)
    >>> start_from(trained, open_dataset("digits")).graph.output_shape
    (10,)

    With the same class names in the same order the classifier is kept, otherwise there is a new one. The images get the
    model's mean and standard deviation, and the network the data set's resolution where it works there.

    Raises `FeatherboneError` where the network takes another number of channels, or cannot take the resolution.
    """
    channels = model.preprocessing.channels
    if channels != dataset.channels:
        raise FeatherboneError(
            f"{model.graph.name} takes images of {channels} channels; those of {dataset.name} have {dataset.channels}",
            hint=f"open the data set with channels={channels}",
        )
    new_head = model.classes != dataset.classes
    begun = with_new_head(model, dataset.classes, seed=seed) if new_head else model
    return Start(
        graph=at_resolution(begun.graph, dataset.resolution),
        weights=begun.weights,
        dataset=replace(dataset, mean=model.preprocessing.mean, std=model.preprocessing.std),
        new_head=new_head,
    )


def _resized(operator: object, classes: int) -> Linear | Conv:
    if isinstance(operator, Linear):
        return replace(operator, out_features=classes)
    assert isinstance(operator, Conv)  # classifier_of knows no other
    return replace(operator, out_channels=classes)
