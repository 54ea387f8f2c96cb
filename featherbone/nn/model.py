"""A trained network as a value, and as one file: weights, graph, class names, preprocessing and where it came from.

The file is a container (``featherbone.nn.container``): the weights by their names in the graph, everything else as JSON
texts in the header. Any safetensors reader opens it, nothing in it is code, and damage is noticed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from featherbone.errors import FeatherboneError
from featherbone.files import damage
from featherbone.graph import Graph
from featherbone.nn.about import TEXTS, About, about_texts, read_about, require_fit, require_texts
from featherbone.nn.build import module_with
from featherbone.nn.container import read_tensors, write_tensors
from featherbone.nn.packed.file import is_packed, load_packed
from featherbone.nn.preprocessing import KEYS, VERSION, Preprocessing
from featherbone.nn.weights import check_weights

FORMAT = "featherbone-model"
QUANTIZED = "featherbone-quantized"  # a file of integers, which featherbone.quantize reads


@dataclass(frozen=True, kw_only=True)
class Model:
    """A network that classifies images, whole: what it computes, its weights, and what goes in and comes out.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> model = Model(
    ...     graph=graph,
    ...     weights=weights_of(module(graph, seed=0)),
    ...     classes=("cat", "dog"),
    ...     preprocessing=Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,)),
    ... )
    >>> model.module()(torch.zeros(1, 1, 8, 8)).shape
    torch.Size([1, 2])

    ``provenance`` holds what JSON can: data, recipe, seed, scores, versions.

    Raises:
        FeatherboneError: the parts do not fit each other; weights are compared with the graph, every mismatch listed.
    """

    graph: Graph
    weights: Mapping[str, torch.Tensor]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_fit(self.graph, self.classes, self.preprocessing)
        check_weights(self.graph, self.weights)

    def module(self) -> nn.Module:
        """The network with a copy of these weights, in evaluation mode."""
        return module_with(self.graph, self.weights).eval()


def save_model(path: str | os.PathLike[str], model: Model) -> None:
    """Write a model to one file, conventionally ``.safetensors``, atomically.

    >>> import tempfile
    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> path = tempfile.mkdtemp() + "/tiny.safetensors"
    >>> save_model(path, Model(graph=graph, weights=weights, classes=("a", "b"), preprocessing=seen))
    >>> load_model(path).classes
    ('a', 'b')

    Raises:
        FeatherboneError: the provenance is not JSON, or the file cannot be written; a previous file is then unchanged.
    """
    about = About(
        graph=model.graph, classes=model.classes, preprocessing=model.preprocessing, provenance=model.provenance
    )
    write_tensors(path, model.weights, {"format": FORMAT, "version": VERSION, **about_texts(about)})


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read the model that ``save_model`` or ``save_packed`` wrote, after every check; no code from the file runs.

    >>> load_model("no/such/model.safetensors")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: ...

    Raises:
        FeatherboneError: what ``read_tensors`` refuses; another format or version; parts that do not fit each other.
    """
    if is_packed(path):
        return _unpacked(path)
    weights, header = read_tensors(path)
    if header.get("format") == QUANTIZED:
        raise FeatherboneError(
            f"{path} is a quantized model; this needs one with float weights",
            hint="give the model that it was made of",
        )
    if header.get("format") != FORMAT:
        raise FeatherboneError(
            f"{path} is not a model file: its format is {header.get('format', 'not stated')!r}, not {FORMAT!r}",
            hint="a checkpoint or bare weights lack the graph; `featherbone fit` writes model.safetensors",
        )
    version = header.get("version")
    if version not in KEYS:
        raise FeatherboneError(
            f"{path} has model format version {version!r}; this featherbone reads {' and '.join(KEYS)}",
            hint="install the version of featherbone that wrote it",
        )
    require_texts(path, header, TEXTS)
    try:
        with damage("its header"):
            about = read_about(header, version)
            return Model(
                graph=about.graph,
                weights=weights,
                classes=about.classes,
                preprocessing=about.preprocessing,
                provenance=about.provenance,
            )
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint) from None


def _unpacked(path: str | os.PathLike[str]) -> Model:
    packed = load_packed(path)
    try:
        return Model(**vars(packed.about), weights=packed.weights())
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint) from None
