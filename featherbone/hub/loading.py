"""A network with weights from elsewhere, as a model that can be evaluated, exported and saved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from featherbone.download import Progress
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.hub.fetch import fetch
from featherbone.hub.published import LIBRARIES, Published, published
from featherbone.networks import network as named_network
from featherbone.nn import Model, Preprocessing
from featherbone.nn.foreign.match import Matched, match
from featherbone.nn.foreign.read import FILES, read_state
from featherbone.nn.foreign.rewrite import TENSORFLOW_EPSILON, with_epsilon, with_tensorflow_padding

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def load(
    network: str | Graph,
    weights: str | os.PathLike[str],
    *,
    classes: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    drop_background: bool = False,
    tensorflow: bool | None = None,
    progress: Progress | None = None,
) -> Model:
    """A network of ours with the weights of a file, or with published ones by name.

    >>> import tempfile, torch
    >>> from safetensors.torch import save_file
    >>> foreign = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2))
    >>> path = tempfile.mkdtemp() + "/weights.safetensors"
    >>> save_file(foreign.state_dict(), path)
    >>> from featherbone.graph import image
    >>> model = load(image(3, 8).flatten().linear(2).graph("tiny"), path)
    >>> model.classes, model.provenance["weights"]["naming"]
    (('0', '1'), 'order and shape')

    Args:
        network: a graph, or a text such as ``"mobilenet_v2:width=0.5"``.
        weights: a ``.safetensors`` file; a ``.pt`` or ``.pth`` file, read by torch's restricted unpickler only; or a
            name from ``featherbone.hub.list_published()``, such as ``"torchvision/mobilenet_v2"``.
        classes: their names in the order of the outputs; ``"0"``, ``"1"``, … unless given.
        preprocessing: what the weights were trained with; published ones know, else it is ImageNet's usual.
        drop_background: leave out the first class of the file, TensorFlow's background of 1001.
        tensorflow: pad as TensorFlow (SAME), with its epsilon of 0.001; published weights know.
        progress: is called with the bytes so far, and of how many or None, while weights are downloaded.

    ``model.provenance["weights"]`` holds the source, its SHA-256 and licence, the naming that matched, and remarks on
    all that was decided. The graph of the model may differ from the network's where the weights need it: biases in
    place of folded norms, another epsilon, other padding.

    Raises:
        FeatherboneError: no such file or name; no connection; what does not fit, every mismatch listed.
    """
    graph = named_network(network) if isinstance(network, str) else network
    entry = _entry(weights)
    if entry is None:
        path, origin = Path(weights), {"source": str(weights)}
    else:
        _check_network(graph, entry)
        path, digest = fetch(entry, progress=progress)
        address = entry.url or f"https://huggingface.co/{entry.repository}"
        origin = {"source": entry.name, "address": address, "sha256": digest, "licence": entry.licence}
    tensors, remarks = read_state(path)
    outputs = graph.output_shape[0]
    if drop_background:
        tensors = _without_background(tensors, outputs)
        remarks.append("the first class of the file, the background, was left out")
    try:
        matched = match(graph, tensors)
    except FeatherboneError as error:
        raise FeatherboneError(f"{weights}: {error.sentence}", hint=_hint(error, tensors, outputs, entry)) from None
    remarks += matched.remarks
    if entry is not None and tensorflow is None:
        tensorflow = entry.tensorflow
    if classes is None:
        remarks.append("no class names were given: the classes are called by their numbers")
    if preprocessing is None:
        preprocessing = _preprocessing(graph, entry, remarks)
    return Model(
        graph=_as_tensorflow(matched) if tensorflow else matched.graph,
        weights=matched.weights,
        classes=tuple(classes) if classes is not None else tuple(map(str, range(outputs))),
        preprocessing=preprocessing,
        provenance={"weights": {**origin, "naming": matched.naming, "remarks": remarks}},
    )


def _entry(weights: str | os.PathLike[str]) -> Published | None:
    named = isinstance(weights, str) and weights.startswith(LIBRARIES) and not weights.lower().endswith(FILES)
    return published(str(weights)) if named else None


def _check_network(graph: Graph, entry: Published) -> None:
    wanted = named_network(entry.network)
    if graph.name != wanted.name:
        raise FeatherboneError(
            f"{entry.name} holds weights of {entry.network}; they cannot fit {graph.name}",
            hint=f"load({entry.network!r}, {entry.name!r})",
        )


def _hint(error: FeatherboneError, tensors: dict[str, torch.Tensor], outputs: Any, entry: Published | None) -> str:
    if len({name.rpartition(".")[0] for name in _longer(tensors, outputs)}) == 1:
        return (
            f"the file has {outputs + 1} classes: TensorFlow's first is the background; "
            f"drop it with drop_background=True, or keep it with classes={outputs + 1} among the network's settings"
        )
    return f"these weights are for {entry.network!r}" if entry is not None else error.hint


def _without_background(tensors: dict[str, torch.Tensor], outputs: Any) -> dict[str, torch.Tensor]:
    """The tensors with the first row of the classifier's taken off: those with one row more than there are classes."""
    longer = _longer(tensors, outputs)
    if len({name.rpartition(".")[0] for name in longer}) != 1:
        raise FeatherboneError(
            f"drop_background needs one layer with {outputs + 1} outputs; the file has {', '.join(longer) or 'none'}",
            hint="leave drop_background out where the file has as many classes as the network",
        )
    return {name: tensor[1:] if name in longer else tensor for name, tensor in tensors.items()}


def _longer(tensors: dict[str, torch.Tensor], outputs: Any) -> list[str]:
    return [name for name, tensor in tensors.items() if tensor.dim() and tensor.shape[0] == outputs + 1]


def _as_tensorflow(matched: Matched) -> Graph:
    return with_tensorflow_padding(with_epsilon(matched.graph, TENSORFLOW_EPSILON))


def _preprocessing(graph: Graph, entry: Published | None, remarks: list[str]) -> Preprocessing:
    channels, height, *_ = graph.input_shape
    if channels != 3:
        raise FeatherboneError(
            f"{graph.name} takes {channels} channels, for which no mean and deviation is usual",
            hint="give preprocessing=Preprocessing(resolution=…, channels=…, mean=…, std=…)",
        )
    if entry is None:
        remarks.append("no preprocessing was given: it is ImageNet's usual mean and deviation")
        return Preprocessing(resolution=height, channels=3, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    if entry.resolution != height:
        remarks.append(f"the weights were made for images of {entry.resolution}×{entry.resolution}")
    return Preprocessing(resolution=height, channels=3, mean=entry.mean, std=entry.std)
