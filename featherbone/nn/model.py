"""A trained network as a value, and as one file: weights, graph, class names, preprocessing and where it came from.

The file is a container (``featherbone.nn.container``): the weights by their names in the graph, everything else as JSON
texts in the header. Any safetensors reader opens it, nothing in it is code, and damage is noticed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import nn

from featherbone.errors import FeatherboneError
from featherbone.files import damage, parse_json
from featherbone.graph import Graph, from_json, to_json
from featherbone.graph.operators import shape_text
from featherbone.nn.build import module_with
from featherbone.nn.container import read_tensors, write_tensors
from featherbone.nn.preprocessing import KEYS, VERSION, Preprocessing, read_preprocessing
from featherbone.nn.weights import check_weights

FORMAT = "featherbone-model"
TEXTS = ("format", "version", "graph", "classes", "preprocessing", "provenance")


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
        wanted, given = self.graph.input_shape, self.preprocessing.shape
        if wanted != given:
            raise FeatherboneError(
                f"{self.graph.name} takes {shape_text(wanted)}; its preprocessing gives {shape_text(given)}"
            )
        if self.graph.output_shape != (len(self.classes),):
            raise FeatherboneError(
                f"{self.graph.name} writes {shape_text(self.graph.output_shape)} for {len(self.classes)} class names",
                hint="build the network with classes= the number of names",
            )
        twice = next((name for name in self.classes if self.classes.count(name) > 1), None)
        if twice is not None:
            raise FeatherboneError(f"two classes are named {twice!r}; names must differ")
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
    try:
        provenance = json.dumps(dict(model.provenance), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FeatherboneError(f"the provenance of {model.graph.name} cannot be written as JSON: {error}") from None
    header = {
        "format": FORMAT,
        "version": VERSION,
        "graph": to_json(model.graph),
        "classes": json.dumps(model.classes),
        "preprocessing": json.dumps(asdict(model.preprocessing)),
        "provenance": provenance,
    }
    write_tensors(path, model.weights, header)


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read the model that ``save_model`` wrote, after every check; no code from the file runs.

    >>> load_model("no/such/model.safetensors")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: ...

    Raises:
        FeatherboneError: what ``read_tensors`` refuses; another format or version; parts that do not fit each other.
    """
    weights, header = read_tensors(path)
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
    missing = [text for text in TEXTS if text not in header]
    if missing:
        raise FeatherboneError(
            f"{path} lacks {', '.join(missing)} in its header", hint="write it again with save_model"
        )
    try:
        with damage("its header"):
            return Model(
                graph=from_json(header["graph"]),
                weights=weights,
                classes=_classes(_json("classes", header)),
                preprocessing=read_preprocessing(_json("preprocessing", header), version),
                provenance=_object("provenance", _json("provenance", header)),
            )
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint) from None


def _json(name: str, header: Mapping[str, str]) -> Any:
    return parse_json(header[name], f"{name} in the header")


def _classes(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise FeatherboneError("classes in the header is not a list of names")
    return tuple(value)


def _object(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FeatherboneError(f"{name} in the header is not an object")
    return value
