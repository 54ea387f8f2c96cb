"""What an ONNX file of ours says about itself, so that nothing beside it is needed to use it: text keys and values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.nn import Model, Preprocessing

VERSION = "1"
PREFIX = "featherbone."


def describe(model: Model) -> dict[str, str]:
    """The metadata of a model: its graph's name, class names, preprocessing and provenance, the last three as JSON."""
    values = {
        "version": VERSION,
        "graph": model.graph.name,
        "classes": json.dumps(model.classes),
        "preprocessing": json.dumps(asdict(model.preprocessing)),
        "provenance": json.dumps(dict(model.provenance), allow_nan=False),
    }
    return {PREFIX + key: value for key, value in values.items()}


def read(path: object, metadata: Mapping[str, str]) -> tuple[tuple[str, ...], Preprocessing]:
    """Class names and preprocessing from the metadata of an ONNX file.

    Raises:
        FeatherboneError: the metadata is absent, of another version, or not what `describe` writes.
    """
    version = metadata.get(PREFIX + "version")
    if version is None:
        raise FeatherboneError(
            f"{path} is an ONNX file without featherbone's metadata, so its classes and preprocessing are unknown",
            hint="use a file that featherbone exported",
        )
    if version != VERSION:
        raise FeatherboneError(
            f"{path} has metadata of version {version[:20]!r}; this featherbone reads {VERSION}",
            hint="use the version of featherbone that exported it",
        )
    try:
        classes: Any = json.loads(metadata[PREFIX + "classes"])
        settings: Any = json.loads(metadata[PREFIX + "preprocessing"])
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise ValueError
        return tuple(classes), Preprocessing(
            **{**settings, "mean": tuple(settings["mean"]), "std": tuple(settings["std"])}
        )
    except (KeyError, TypeError, ValueError, RecursionError, FeatherboneError):
        raise FeatherboneError(f"{path} has damaged metadata", hint="export the model again") from None
