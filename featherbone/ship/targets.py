"""Which targets there are. One is added by a line here, and loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.ship.target import Target

TARGETS: Mapping[str, str] = MappingProxyType(
    {
        "c": "featherbone.ship.c.target",
        "coreml": "featherbone.ship.coreml.target",
        "executorch": "featherbone.ship.executorch.target",
        "onnx": "featherbone.ship.onnx.target",
        "openvino": "featherbone.ship.openvino.target",
        "tflite": "featherbone.ship.tflite.target",
    }
)
"""Each target by its name, with the module whose ``TARGET`` it is."""


def find_target(name: str) -> Target:
    """The target of this name.

    >>> find_target("onx")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: there is no target 'onx' (did you mean onnx?)

    Raises:
        FeatherboneError: there is none.
    """
    if name not in TARGETS:
        raise FeatherboneError(f"there is no target {name!r}", hint=did_you_mean(name, TARGETS))
    found: Target = import_module(TARGETS[name]).TARGET
    return found
