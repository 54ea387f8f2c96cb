"""A model, whole, in C: with its classes and what happens to an image before the network sees it."""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.nn import Model
from featherbone.quantize import QuantizedModel, prepared
from featherbone.ship.c.interface import Interface
from featherbone.ship.c.processor import PROCESSORS
from featherbone.ship.c.sources import CSources, float_sources, integer_sources


def to_c(model: Model | QuantizedModel, processor: str = "desktop") -> CSources:
    """A model in C: int8 of a quantized one, float32 of another.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> made = to_c(Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen))
    >>> "int tiny_classify(const uint8_t *pixels, float *probabilities);" in made.header
    True

    Args:
        processor: one of ``PROCESSORS``, for which the code is laid out.

    Raises:
        FeatherboneError: an unknown processor; an operator that C does not hold, by name; layers of a quantized model
            that were left in float.
    """
    if processor not in PROCESSORS:
        raise FeatherboneError(f"C is not written for {processor!r}", hint=f"it is for {', '.join(PROCESSORS)}")
    interface = Interface(classes=model.classes, preprocessing=model.preprocessing)
    if isinstance(model, QuantizedModel):
        return integer_sources(model.network, interface, PROCESSORS[processor])
    return float_sources(prepared(model.graph, model.weights), interface, PROCESSORS[processor])
