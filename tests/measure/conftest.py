"""One small network, prepared once for every runtime that is here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from featherbone.graph import Graph, image, scope
from featherbone.measure import Subject, prepared


@pytest.fixture(scope="session")
def residual() -> Graph:
    """Everything that runtimes fuse: a convolution with norm and activation, and one with an addition."""
    x = image(3, 16)
    with scope("stem"):
        x = x.conv(16, 3, stride=2).norm().act("relu")
    with scope("block"):
        y = x.pointwise(16, name="expand").norm().act("relu6")
        y = y.depthwise(3, name="filter").norm()
        x = (x + y).act("relu", name="act")
    with scope("head"):
        x = x.global_pool(name="pool").flatten().dropout(0.2).linear(4)
    return x.graph("residual")


@pytest.fixture(scope="session")
def subject(residual: Graph) -> Iterator[Subject]:
    with prepared([residual], ["onnxruntime", "torch"]) as subjects:
        yield subjects[0]
