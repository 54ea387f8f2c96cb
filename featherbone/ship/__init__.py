"""A trained network leaves: exported to ONNX, checked against what was trained, timed, and used from either file.

    >>> from featherbone.ship import load_predictor

The names load when they are used: who predicts needs no exporter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featherbone.lazy import loader

if TYPE_CHECKING:
    from featherbone.run_record import Timing as Timing
    from featherbone.run_record import Verification as Verification
    from featherbone.ship.onnx_export import export_onnx as export_onnx
    from featherbone.ship.onnx_module import export_module as export_module
    from featherbone.ship.predict import Classifier as Classifier
    from featherbone.ship.predict import ImagePrediction as ImagePrediction
    from featherbone.ship.predict import load_predictor as load_predictor
    from featherbone.ship.timing import time_onnx as time_onnx
    from featherbone.ship.verify import verify_onnx as verify_onnx

_PLACES = {
    "ImagePrediction": "predict",
    "Classifier": "predict",
    "Timing": "timing",
    "Verification": "verify",
    "export_module": "onnx_module",
    "export_onnx": "onnx_export",
    "load_predictor": "predict",
    "time_onnx": "timing",
    "verify_onnx": "verify",
}

__all__ = sorted(_PLACES)

__getattr__ = loader(__name__, _PLACES)
