"""What a model file says beside its tensors: the graph, class names, preprocessing and where it came from, as texts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import parse_json
from featherbone.graph import Graph, from_json, to_json
from featherbone.graph.operators import shape_text
from featherbone.nn.preprocessing import Preprocessing, read_preprocessing

TEXTS = ("format", "version", "graph", "classes", "preprocessing", "provenance")


@dataclass(frozen=True, kw_only=True)
class About:
    """All of a model but its weights."""

    graph: Graph
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    provenance: Mapping[str, Any]


def about_texts(about: About) -> dict[str, str]:
    """The texts of a header.

    Raises:
        FeatherboneError: the provenance is not JSON.
    """
    try:
        provenance = json.dumps(dict(about.provenance), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FeatherboneError(f"the provenance of {about.graph.name} cannot be written as JSON: {error}") from None
    return {
        "graph": to_json(about.graph),
        "classes": json.dumps(about.classes),
        "preprocessing": json.dumps(asdict(about.preprocessing)),
        "provenance": provenance,
    }


def read_about(header: Mapping[str, str], version: str) -> About:
    """What ``about_texts`` wrote, of a model file of this version.

    Raises:
        FeatherboneError: a text that is damaged, or that holds something else.
    """
    return About(
        graph=from_json(header["graph"]),
        classes=_classes(_json("classes", header)),
        preprocessing=read_preprocessing(_json("preprocessing", header), version),
        provenance=_object("provenance", _json("provenance", header)),
    )


def require_texts(path: str | os.PathLike[str], header: Mapping[str, str], texts: Sequence[str]) -> None:
    """Raise unless a header has all texts of its format."""
    missing = [text for text in texts if text not in header]
    if missing:
        raise FeatherboneError(
            f"{path} lacks {', '.join(missing)} in its header", hint="write it again with save_model"
        )


def require_fit(graph: Graph, classes: tuple[str, ...], preprocessing: Preprocessing) -> None:
    """Raise unless a network takes what its preprocessing gives, and writes a number for each class."""
    wanted, given = graph.input_shape, preprocessing.shape
    if wanted != given:
        raise FeatherboneError(f"{graph.name} takes {shape_text(wanted)}; its preprocessing gives {shape_text(given)}")
    if graph.output_shape != (len(classes),):
        raise FeatherboneError(
            f"{graph.name} writes {shape_text(graph.output_shape)} for {len(classes)} class names",
            hint="build the network with classes= the number of names",
        )
    twice = next((name for name in classes if classes.count(name) > 1), None)
    if twice is not None:
        raise FeatherboneError(f"two classes are named {twice!r}; names must differ")


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
