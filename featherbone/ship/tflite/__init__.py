"""A network as a TensorFlow Lite file, by a writer of our own: in floats, or the integers of a quantized network.

    >>> from featherbone.ship.tflite import open_tflite

The schema of the format comes with ai-edge-litert, which also runs the file; no converter is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featherbone.lazy import loader

if TYPE_CHECKING:
    from featherbone.ship.tflite.export import to_tflite as to_tflite
    from featherbone.ship.tflite.program import LiteProgram as LiteProgram
    from featherbone.ship.tflite.program import open_tflite as open_tflite

_PLACES = {
    "LiteProgram": "program",
    "open_tflite": "program",
    "to_tflite": "export",
}

__all__ = sorted(_PLACES)

__getattr__ = loader(__name__, _PLACES)
