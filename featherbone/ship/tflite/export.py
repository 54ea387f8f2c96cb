"""A trained network as one TensorFlow Lite file that needs nothing beside it."""

from __future__ import annotations

from pathlib import Path

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.nn import Model
from featherbone.quantize import QuantizedModel, prepared
from featherbone.ship.tflite.holds import require_lite
from featherbone.ship.tflite.schema import require_litert
from featherbone.ship.tflite.texts import INPUTS, NAME, described, sealed
from featherbone.ship.tflite.write import in_float, network_bytes


def to_tflite(model: Model | QuantizedModel, *, takes: str = "tensor") -> bytes:
    """A model as the bytes of a TensorFlow Lite file: float32 of a ``Model``, int8 of a ``QuantizedModel``.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> model = Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen)
    >>> to_tflite(model, takes="image")[4:8]
    b'TFL3'

    Taking a ``tensor``, it maps float32 (1, height, width, channels), normalised, to logits (1, classes). Taking an
    ``image``, it maps uint8 of that shape to probabilities: the scaling, the normalisation and the softmax are in it.
    Class names and the rule by which an image is resized are in its metadata, ``featherbone``.

    Raises:
        FeatherboneError: another word for what it takes; a network that it can't hold; ai-edge-litert is not installed.
    """
    if takes not in INPUTS:
        raise FeatherboneError(f"a file that takes {takes!r} is not possible", hint=did_you_mean(takes, INPUTS))
    require_litert()
    require_lite(model.graph)
    network = model.network if isinstance(model, QuantizedModel) else in_float(prepared(model.graph, model.weights))
    seen = model.preprocessing if takes == "image" else None
    return sealed(network_bytes(network, seen=seen, metadata={NAME: described(model, takes)}))


def export_tflite(model: Model | QuantizedModel, path: Path | str, *, takes: str = "tensor") -> None:
    """Write ``to_tflite`` to a file, which appears whole or not at all.

    >>> import tempfile
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> path = Path(tempfile.mkdtemp(), "model.tflite")
    >>> export_tflite(Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen), path)
    >>> path.stat().st_size > 520  # bytes of the weights
    True

    Raises:
        FeatherboneError: as ``to_tflite``; the file can't be written.
    """
    content = to_tflite(model, takes=takes)
    with write_atomically(path) as file:
        file.write(content)
