"""A trained network as the bytes of one TensorFlow Lite file that needs nothing beside it."""

from __future__ import annotations

from featherbone.quantize import QuantizedModel, prepared
from featherbone.ship.target import FLOAT16, ExportForm, Shipped
from featherbone.ship.tflite.texts import NAME, described, sealed
from featherbone.ship.tflite.write import in_float, network_bytes


def to_tflite(model: Shipped, form: ExportForm) -> bytes:
    """A model in a form that the target holds, as a file's bytes: a ``Model`` in floats, a ``QuantizedModel`` in int8.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Model, Preprocessing, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> model = Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen)
    >>> to_tflite(model, ExportForm(input="image"))[4:8]
    b'TFL3'

    Taking a ``tensor``, it maps float32 (1, height, width, channels), normalised, to logits (1, classes). Taking an
    ``image``, it maps uint8 of that shape to probabilities: the scaling, the normalisation and the softmax are in it.
    Class names and the rule by which an image is resized are in its metadata, ``featherbone``.
    """
    network = model.network if isinstance(model, QuantizedModel) else in_float(prepared(model.graph, model.weights))
    seen = model.preprocessing if form.takes_images else None
    texts = {NAME: described(model, form)}
    return sealed(network_bytes(network, seen=seen, half=form.precision == FLOAT16, metadata=texts))
