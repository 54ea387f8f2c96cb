"""What a TensorFlow Lite file of ours says about itself: one JSON object in its metadata, named ``featherbone``.

Its keys and values are those of the metadata of an ONNX file (``featherbone.ship.metadata``); ``featherbone.input``,
which says what the file takes, is one more.
"""

from __future__ import annotations

import hashlib
import json

from featherbone.errors import FeatherboneError
from featherbone.files import damage
from featherbone.ship.metadata import CHECKSUM, PREFIX, ZEROS, describe
from featherbone.ship.target import INPUTS, ExportForm, Shipped
from featherbone.ship.tflite.schema import schema

NAME = "featherbone"
INPUT = PREFIX + "input"


def described(model: Shipped, form: ExportForm) -> bytes:
    """The text of a model in a form, with zeros in place of the checksum."""
    return json.dumps({**describe(model), INPUT: form.input}, indent=1, allow_nan=False).encode()


def sealed(content: bytes) -> bytes:
    """The bytes of a file with its own SHA-256 in place of the zeros that ``described`` put there."""
    digest = hashlib.sha256(content).hexdigest()
    return content.replace(_mark(ZEROS), _mark(digest), 1)


def lite_texts(path: object, content: bytes) -> dict[str, str]:
    """The text in the bytes of a TensorFlow Lite file, after its checksum was found to be right.

    Raises:
        FeatherboneError: no TensorFlow Lite file, one that is not ours, or one that is damaged.
    """
    with damage(str(path), hint="export the model again"):
        found = _text(content)
        texts = None if found is None else json.loads(found)
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise FeatherboneError(
            f"{path} is a TensorFlow Lite file without featherbone's metadata, so its classes and preprocessing are "
            "unknown",
            hint="use a file that featherbone exported",
        )
    stated = texts.get(CHECKSUM, "")
    if hashlib.sha256(content.replace(_mark(stated), _mark(ZEROS), 1)).hexdigest() != stated:
        raise FeatherboneError(
            f"{path} is damaged: it does not match its checksum", hint="copy the file again, or export the model again"
        )
    if texts.get(INPUT) not in INPUTS:
        raise FeatherboneError(
            f"{path} takes {texts.get(INPUT, 'nothing')!r}; a file of ours takes {' or '.join(INPUTS)}",
            hint="use the version of featherbone that exported it",
        )
    return texts


def _text(content: bytes) -> bytes | None:
    """The metadata of our name."""
    made = schema().Model.GetRootAs(content, 0)
    for place in range(made.MetadataLength()):
        entry = made.Metadata(place)
        if entry.Name() == NAME.encode():
            return bytes(made.Buffers(entry.Buffer()).DataAsNumpy())
    return None


def _mark(digest: str) -> bytes:
    return f'"{CHECKSUM}": "{digest}"'.encode()
