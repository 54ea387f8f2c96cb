"""The format of TensorFlow Lite files as Python objects, which come with the runtime that reads them."""

from __future__ import annotations

from typing import Any

RUNTIME = "ai_edge_litert"


def schema() -> Any:
    """The module that TensorFlow Lite's schema was compiled to.

    It has thousands of lines without types, and takes a moment to import, so it is loaded when a file is written.
    """
    from ai_edge_litert import schema_py_generated

    return schema_py_generated
