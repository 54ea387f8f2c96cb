"""A network with weights from elsewhere, as a model that can be evaluated, exported and saved."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from featherbone.download import Progress
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.hub.choices import WeightChoices
from featherbone.hub.fetch import fetch
from featherbone.hub.imagenet import usual_classes
from featherbone.hub.published import LIBRARIES, PublishedWeights, known_file, published
from featherbone.networks import network as named_network
from featherbone.nn import Model, Preprocessing
from featherbone.nn.foreign.match import IN_DOUBT, Matched, match
from featherbone.nn.foreign.read import FILES, read_state
from featherbone.nn.foreign.rewrite import (
    TENSORFLOW_EPSILON,
    with_epsilon,
    with_symmetric_padding,
    with_tensorflow_padding,
)
from featherbone.view import WHOLE, View

IMAGENET_MEAN: tuple[float, ...] = (0.485, 0.456, 0.406)
IMAGENET_STD: tuple[float, ...] = (0.229, 0.224, 0.225)
IMAGENET_VIEW = View(crop=0.875)  # 224 of 256


def load(
    network: str | Graph,
    weights: str | os.PathLike[str],
    *,
    classes: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    activation: str | None = None,
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
        weights: a safetensors file; a file that ``torch.save`` wrote, read by torch's restricted unpickler only; or a
            name from ``featherbone.hub.list_published()``, such as ``"torchvision/mobilenet_v2"``.
        classes: their names in the order of the outputs. Unless given they are ImageNet's where there are 1000 outputs,
            or 1001 with TensorFlow's background, and else ``"0"``, ``"1"``, …
        preprocessing: what the weights were trained with; published ones know, else it is ImageNet's usual.
        activation: in place of each ReLU of the network, such as ``"relu6"``.
        drop_background: leave out the first class of the file, TensorFlow's background of 1001.
        tensorflow: pad as TensorFlow (SAME), with its epsilon of 0.001; published weights know.
        progress: is called with the bytes so far, and of how many or None, while weights are downloaded.

    ``model.provenance["weights"]`` holds the source, its SHA-256 and licence, the naming that matched, and remarks on
    all that was decided. The graph of the model may differ from the network's where the weights need it: biases in
    place of folded norms, another epsilon, other padding, another activation. A match by order and shape that leaves
    ReLUs in doubt warns.

    Raises:
        FeatherboneError: no such file or name; no connection; what does not fit; a choice that changes nothing.
    """
    graph = named_network(network) if isinstance(network, str) else network
    choices = WeightChoices(activation=activation, tensorflow=tensorflow, drop_background=drop_background)
    if preprocessing is not None:
        chosen = {name: getattr(preprocessing, name) for name in ("mean", "std", "crop", "interpolation")}
        choices = replace(choices, **chosen)
    model = load_chosen(graph, weights, choices, classes=classes, progress=progress)
    if preprocessing is not None:
        model = replace(model, preprocessing=preprocessing)  # which refuses another resolution
    for remark in model.provenance["weights"]["remarks"]:
        if remark.startswith(IN_DOUBT):
            warnings.warn(f"{weights}: {remark}", stacklevel=2)
    return model


def load_chosen(
    graph: Graph,
    weights: str | os.PathLike[str],
    choices: WeightChoices,
    *,
    classes: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Model:
    """``load`` with its choices as one value, as ``featherbone train --weights`` has them."""
    entry = _entry(weights)
    if entry is None:
        path, origin = Path(weights), {"source": str(weights)}
    else:
        _check_network(graph, entry)
        path, digest = fetch(entry, progress=progress)
        address = entry.url or f"https://huggingface.co/{entry.repository}"
        origin = {"source": entry.name, "address": address, "sha256": digest, "licence": entry.licence}
    tensors, remarks = read_state(path)
    known = entry or known_file(path)
    if known is not entry and known is not None:
        remarks.append(f"by its SHA-256 the file is {known.name}")
    outputs = graph.output_shape[0]
    if choices.drop_background:
        tensors = _without_background(tensors, outputs)
        remarks.append("the first class of the file, the background, was left out")
    try:
        matched = match(graph, tensors, activation=choices.activation)
    except FeatherboneError as error:
        raise FeatherboneError(f"{weights}: {error.sentence}", hint=_hint(error, tensors, outputs, entry)) from None
    remarks += matched.remarks
    named = tuple(classes) if classes is not None else _names(outputs, remarks)
    return Model(
        graph=_as_computed(matched, choices, known, remarks),
        weights=matched.weights,
        classes=named,
        preprocessing=_preprocessing(graph, choices, known, _usual_view(tensors), remarks),
        provenance={"weights": {**origin, "naming": matched.naming, "remarks": remarks}},
    )


def _names(outputs: Any, remarks: list[str]) -> tuple[str, ...]:
    """Those of ImageNet for as many outputs, else numbers."""
    usual = usual_classes(outputs)
    if usual is None:
        remarks.append("no class names were given: the classes are called by their numbers")
        return tuple(map(str, range(outputs)))
    remarks.append(f"no class names were given: {outputs} are ImageNet's, in the order of their wnids")
    return usual


def view_of(weights: str | os.PathLike[str], choices: WeightChoices) -> View:
    """The part of an image that these weights see, known before the images are opened and anything is downloaded.

    >>> str(view_of("torchvision/squeezenet1_1", WeightChoices()))
    'the centre 87.5 % of the shorter side, bilinear'

    Raises:
        FeatherboneError: no such file or name; what ``read_state`` refuses.
    """
    known = _entry(weights) or known_file(Path(weights))
    return choices.over(known.view if known is not None else _usual_view(read_state(weights)[0]))


def _usual_view(tensors: Mapping[str, torch.Tensor]) -> View:
    """What is usual for networks of so many classes: ImageNet's are tested on the centre 224 of 256."""
    imagenet = any(tensor.dim() == 1 and usual_classes(len(tensor)) is not None for tensor in tensors.values())
    return IMAGENET_VIEW if imagenet else WHOLE


def _entry(weights: str | os.PathLike[str]) -> PublishedWeights | None:
    text = str(weights)
    is_file = text.lower().endswith(FILES) or Path(text).is_file()
    return published(text) if text.startswith(LIBRARIES) and not is_file else None


def _check_network(graph: Graph, entry: PublishedWeights) -> None:
    wanted = named_network(entry.network)
    if graph.name != wanted.name:
        raise FeatherboneError(
            f"{entry.name} holds weights of {entry.network}; they cannot fit {graph.name}",
            hint=f"load({entry.network!r}, {entry.name!r})",
        )


def _hint(
    error: FeatherboneError, tensors: dict[str, torch.Tensor], outputs: Any, entry: PublishedWeights | None
) -> str:
    if len({name.rpartition(".")[0] for name in _longer(tensors, outputs)}) == 1:
        return (
            f"the file has {outputs + 1} classes: TensorFlow's first is the background; "
            f"drop it with drop_background=True, or keep it with classes={outputs + 1} among the network's settings; "
            "in a shell, --drop-background"
        )
    return f"these weights are for {entry.network!r}" if entry is not None else error.hint


def _without_background(tensors: dict[str, torch.Tensor], outputs: Any) -> dict[str, torch.Tensor]:
    """The tensors with the first row of the classifier's taken off: those with one row more than there are classes."""
    longer = _longer(tensors, outputs)
    if len({name.rpartition(".")[0] for name in longer}) != 1:
        raise FeatherboneError(
            f"drop_background needs one layer with {outputs + 1} outputs; "
            f"the file has {', '.join(longer[:4]) or 'none'}",
            hint="leave drop_background out where the file has as many classes as the network; in a shell, "
            "--drop-background",
        )
    return {name: tensor[1:] if name in longer else tensor for name, tensor in tensors.items()}


def _longer(tensors: dict[str, torch.Tensor], outputs: Any) -> list[str]:
    return [name for name, tensor in tensors.items() if tensor.dim() and tensor.shape[0] == outputs + 1]


def _as_computed(matched: Matched, choices: WeightChoices, known: PublishedWeights | None, remarks: list[str]) -> Graph:
    """The graph with TensorFlow's padding and epsilon, or without, where that is chosen or known."""
    asked = choices.tensorflow
    usual = matched.tensorflow if known is None else known.tensorflow or matched.tensorflow
    decided = usual if asked is None else asked
    if not decided:
        return matched.graph if decided is None else with_symmetric_padding(matched.graph)
    graph = with_tensorflow_padding(with_epsilon(matched.graph, TENSORFLOW_EPSILON))
    if asked and graph == matched.graph:
        raise FeatherboneError(
            f"the choice of TensorFlow's padding changes nothing in {graph.name}: none of its windows is padded "
            "otherwise there, and it has no norm with another epsilon",
            hint="leave it out, and compare outputs with the original's",
        )
    if asked:
        remarks.append("windows are padded as in TensorFlow, and norms have its epsilon, as chosen")
    return graph


def _preprocessing(
    graph: Graph, choices: WeightChoices, known: PublishedWeights | None, usual: View, remarks: list[str]
) -> Preprocessing:
    channels, height, *_ = graph.input_shape
    parts = ("mean", "std", "crop", "interpolation")
    given = [name for name in parts if getattr(choices, name) is not None]
    unknown = [name for name in parts if name not in given]
    if channels != 3 and not {"mean", "std"} <= set(given):
        raise FeatherboneError(
            f"{graph.name} takes {channels} channels, for which no mean and deviation is usual",
            hint="give mean and std: preprocessing=Preprocessing(resolution=…, channels=…, mean=…, std=…)",
        )
    mean, std, view = IMAGENET_MEAN, IMAGENET_STD, usual
    if known is not None:
        mean, std, view = known.mean, known.std, known.view
        if known.resolution != height:
            remarks.append(f"the weights were made for images of {known.resolution}×{known.resolution}")
    elif not given:
        remarks.append(f"no preprocessing was given: it is ImageNet's usual mean and deviation, of {usual}")
    elif unknown:
        remarks.append(f"of the preprocessing, {' and '.join(unknown)} were not given: they are as usual")
    chosen = choices.over(view)
    return Preprocessing(
        resolution=height,
        channels=channels,
        mean=choices.scale("mean", mean[:channels]),
        std=choices.scale("std", std[:channels]),
        crop=chosen.crop,
        interpolation=chosen.interpolation,
    )
