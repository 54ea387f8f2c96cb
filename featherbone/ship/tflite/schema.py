"""The format of TensorFlow Lite files as Python objects, which come with the runtime that reads them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from featherbone.errors import FeatherboneError

RUNTIME = "ai_edge_litert"
INSTALL = "pip install 'featherbone[tflite]'"


def require_litert() -> None:
    """Raise unless what reads and runs TensorFlow Lite files is installed.

    Raises:
        FeatherboneError: it is not, with the line that installs it.
    """
    if find_spec(RUNTIME) is None:
        raise FeatherboneError("TensorFlow Lite files need ai-edge-litert, which is not installed", hint=INSTALL)


def schema() -> Any:
    """The module that TensorFlow Lite's schema was compiled to.

    It has thousands of lines without types, and takes a moment to import, so whoever writes a file asks for it.
    """
    require_litert()
    from ai_edge_litert import schema_py_generated

    return schema_py_generated
