"""MLPerf Tiny Benchmark (arXiv:2106.07597), section 4: the ResNet-8 of its image classification task."""

from __future__ import annotations

from featherbone.graph import Dim, Graph, Wire, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled

STEM = 16
STACKS = ((16, 1), (32, 2), (64, 2))  # channels, stride


def mlperf_tiny_resnet8(
    *,
    width: Width = 1.0,
    resolution: Dim = 32,
    classes: int = 10,
    image_channels: int = 3,
) -> Graph:
    """Three residual blocks for CIFAR-10 on a microcontroller.

    >>> mlperf_tiny_resnet8().output_shape
    (10,)

    As in the benchmark's Keras code every convolution has a bias, also before a batch norm, and the 1×1 shortcuts have
    no norm. Padding is the same at all edges, where Keras with stride 2 pads after the last pixel only.

    The often quoted 78,666 parameters are Keras's total: 78,186 that are trained and 480 running statistics.
    """
    x = network_input(image_channels, resolution, usual=32, smallest=4)
    with scope("stem"):
        x = _unit(x, scaled(STEM, width, divisor=1), name="conv").act("relu")
    for stage, (channels, stride) in enumerate(STACKS, start=1):
        out = scaled(channels, width, divisor=1)
        with scope(f"stage{stage}"), scope("block1"):
            y = _unit(x, out, stride=stride, name="conv1").act("relu")
            y = _unit(y, out, name="conv2")
            if stride != 1:
                x = x.pointwise(out, stride=stride, bias=True, name="shortcut")
            x = (x + y).act("relu", name="act")
    return classifier(x, classes).graph("mlperf_tiny_resnet8")


def _unit(x: Wire, out: Dim, *, stride: int = 1, name: str) -> Wire:
    return x.conv(out, 3, stride=stride, bias=True, name=name).norm()
