"""What every test and doctest shares: no cache of the user's is read or written, and Ctrl-C means what it does."""

import os
import signal
import tempfile
from importlib.util import find_spec

import pytest

os.environ.setdefault("FEATHERBONE_CACHE", tempfile.mkdtemp(prefix="featherbone-test-cache-"))

# In the background of a shell, SIGINT is ignored, by all processes that are started from there as well.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What of the package, its tests and its pages is run by a runtime that is an extra: skipped where it is not installed.
OF_AN_EXTRA = {
    "ship/tflite/": ("ai_edge_litert", "ai-edge-litert is not installed: pip install 'featherbone[tflite]'"),
    "docs/tflite.md": ("ai_edge_litert", "ai-edge-litert is not installed: pip install 'featherbone[tflite]'"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for place, (package, reason) in OF_AN_EXTRA.items():
            if place in item.path.as_posix() and find_spec(package) is None:
                item.add_marker(pytest.mark.skip(reason=reason))
