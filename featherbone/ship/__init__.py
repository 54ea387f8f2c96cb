"""A trained network leaves: written for runtimes, checked against what was trained, timed, and used from any file.

    >>> from featherbone.ship import load_predictor

The names load when they are used: who predicts needs no exporter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featherbone.lazy import loader

if TYPE_CHECKING:
    from featherbone.run_record import Timing as Timing
    from featherbone.run_record import Verification as Verification
    from featherbone.ship.export import with_script as with_script
    from featherbone.ship.export import write_export as write_export
    from featherbone.ship.exported import ExportedNetwork as ExportedNetwork
    from featherbone.ship.exported import ExportRecord as ExportRecord
    from featherbone.ship.exported import read_exported as read_exported
    from featherbone.ship.onnx_export import export_onnx as export_onnx
    from featherbone.ship.onnx_module import export_module as export_module
    from featherbone.ship.predict import Classifier as Classifier
    from featherbone.ship.predict import ImagePrediction as ImagePrediction
    from featherbone.ship.predict import UnreadImage as UnreadImage
    from featherbone.ship.predict import load_predictor as load_predictor
    from featherbone.ship.promise import Promise as Promise
    from featherbone.ship.target import ExportForm as ExportForm
    from featherbone.ship.target import Script as Script
    from featherbone.ship.target import Target as Target
    from featherbone.ship.targets import find_target as find_target
    from featherbone.ship.timing import time_onnx as time_onnx
    from featherbone.ship.verify import verify_onnx as verify_onnx

_PLACES = {
    "Classifier": "predict",
    "ExportForm": "target",
    "ExportRecord": "exported",
    "ExportedNetwork": "exported",
    "ImagePrediction": "predict",
    "Promise": "promise",
    "Script": "target",
    "Target": "target",
    "Timing": "timing",
    "UnreadImage": "predict",
    "Verification": "verify",
    "export_module": "onnx_module",
    "export_onnx": "onnx_export",
    "find_target": "targets",
    "load_predictor": "predict",
    "read_exported": "exported",
    "time_onnx": "timing",
    "verify_onnx": "verify",
    "with_script": "export",
    "write_export": "export",
}

__all__ = sorted(_PLACES)

__getattr__ = loader(__name__, _PLACES)
