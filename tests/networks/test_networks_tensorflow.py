"""EfficientNet-Lite pads as TensorFlow does: only what a stride needs, and the odd pixel after."""

from __future__ import annotations

import pytest

from featherbone.graph.operators import Conv
from featherbone.networks import network

PADDING = {  # by hand, by resolution: sides of 224, 112, 56 and 14, and of 225, 113, 57 and 15
    224: {"stem.conv": (0, 1), "stage2": (0, 1), "stage3": (1, 2), "stage5": (2, 2)},
    225: {"stem.conv": (1, 1), "stage2": (1, 1), "stage3": (2, 2), "stage5": (2, 2)},
}


@pytest.mark.parametrize("resolution", PADDING)
def test_windows_are_padded_as_tensorflow_does(resolution: int) -> None:
    graph = network("efficientnet_lite0", resolution=resolution)
    for place, edges in PADDING[resolution].items():
        operator = graph[place if "." in place else f"{place}.block1.depthwise"].operator
        assert isinstance(operator, Conv)
        assert operator.padding == (edges, edges)
