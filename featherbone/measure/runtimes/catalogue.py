"""Which runtimes there are, and whether one can be used here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

from featherbone.errors import FeatherboneError, did_you_mean

RUNTIMES: Mapping[str, str] = MappingProxyType(
    {
        "onnxruntime": "pip install 'featherbone[fit]'",
        "openvino": "pip install 'featherbone[openvino]'",
        "torch": "pip install 'featherbone[fit]'",
    }
)
"""Each runtime by the name of its package, with the command that installs it."""


def require_runtime(name: str) -> None:
    """Raise unless the runtime is known and installed.

    >>> require_runtime("onnxrutime")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: unknown runtime 'onnxrutime' (did you mean onnxruntime?)

    Raises:
        FeatherboneError: an unknown runtime, with the closest one; one that is not installed, with the command.
    """
    if name not in RUNTIMES:
        raise FeatherboneError(f"unknown runtime {name!r}", hint=did_you_mean(name, RUNTIMES))
    if find_spec(name) is None:
        raise FeatherboneError(f"the runtime {name} is not installed", hint=RUNTIMES[name])
