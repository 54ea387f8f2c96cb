"""What an ONNX file of ours says about itself, so that nothing beside it is needed to use it: text keys and values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import damage
from featherbone.nn import Model, Preprocessing
from featherbone.nn.preprocessing import KEYS, VERSION, read_preprocessing
from featherbone.quantize import QuantizedModel

PREFIX = "featherbone."
CHECKSUM = PREFIX + "sha256"  # of the whole file, with these digits as zeros
ZEROS = "0" * 64


def seal(content: bytes) -> bytes:
    """The bytes of a file with its own SHA-256 in place of the zeros that ``describe`` put there."""
    return content.replace(ZEROS.encode(), hashlib.sha256(content).hexdigest().encode(), 1)


def texts(path: object, content: bytes) -> dict[str, str]:
    """The metadata in the bytes of an ONNX file.

    Raises:
        FeatherboneError: they are no ONNX file.
    """
    import onnx

    with damage(str(path), hint="export the model again"):
        proto = onnx.load_from_string(content)
        return {entry.key: entry.value for entry in proto.metadata_props}


def require_sealed(path: object, content: bytes, metadata: Mapping[str, str]) -> None:
    """Raise FeatherboneError unless ``content`` is, byte for byte, what ``seal`` made."""
    stated = metadata.get(CHECKSUM, "")
    unsealed = content.replace(stated.encode(), ZEROS.encode(), 1) if len(stated) == len(ZEROS) else content
    if hashlib.sha256(unsealed).hexdigest() != stated:
        raise FeatherboneError(
            f"{path} is damaged: it does not match its checksum", hint="copy the file again, or export the model again"
        )


def describe(model: Model | QuantizedModel) -> dict[str, str]:
    """The metadata of a model: its graph's name, class names, preprocessing and provenance, the last three as JSON."""
    values = {
        "sha256": ZEROS,
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
    if version not in KEYS:
        raise FeatherboneError(
            f"{path} has metadata of version {version[:20]!r}; this featherbone reads {' and '.join(KEYS)}",
            hint="use the version of featherbone that exported it",
        )
    try:
        classes: Any = json.loads(metadata[PREFIX + "classes"])
        settings: Any = json.loads(metadata[PREFIX + "preprocessing"])
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise ValueError
        return tuple(classes), read_preprocessing(settings, version)
    except (KeyError, TypeError, ValueError, RecursionError, FeatherboneError):
        raise FeatherboneError(f"{path} has damaged metadata", hint="export the model again") from None


def read_provenance(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Where the network comes from, by the metadata of an ONNX file; nothing where that says nothing."""
    try:
        found: Any = json.loads(metadata.get(PREFIX + "provenance", "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
