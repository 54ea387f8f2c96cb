"""Batch Normalization (arXiv:1502.03167), appendix, figure 5: GoogLeNet with batch norm and 3×3 pairs for 5×5."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.graph import Dim, Graph, Wire, concat, scope
from featherbone.networks.shared.ends import classifier, network_input


@dataclass(frozen=True)
class InceptionRow:
    """A line of the table: the channels of each branch.

    ``one`` is the 1×1 branch (0: none), ``three`` and ``double`` are those of one and of two 3×3 convolutions, each
    after the 1×1 that reduces. The last branch pools and is ``projected``; without a projection (0) the module has
    stride 2.
    """

    name: str
    one: int
    three: tuple[int, int]
    double: tuple[int, int]
    pool: str
    projected: int


STEM = (64, 64, 192)
MODULES = (
    InceptionRow("inception3a", 64, (64, 64), (64, 96), "avg", 32),
    InceptionRow("inception3b", 64, (64, 96), (64, 96), "avg", 64),
    InceptionRow("inception3c", 0, (128, 160), (64, 96), "max", 0),
    InceptionRow("inception4a", 224, (64, 96), (96, 128), "avg", 128),
    InceptionRow("inception4b", 192, (96, 128), (96, 128), "avg", 128),
    InceptionRow("inception4c", 160, (128, 160), (128, 160), "avg", 128),
    InceptionRow("inception4d", 96, (128, 192), (160, 192), "avg", 128),
    InceptionRow("inception4e", 0, (128, 192), (192, 256), "max", 0),
    InceptionRow("inception5a", 352, (192, 320), (160, 224), "avg", 128),
    InceptionRow("inception5b", 352, (192, 320), (192, 224), "max", 128),
)


def bn_inception(
    *, resolution: Dim | None = None, classes: int = 1000, image_channels: int = 3, small: bool = False
) -> Graph:
    """Ten modules of four branches, concatenated.

    >>> bn_inception().output_shape
    (1000,)

    As in the authors' released weights the convolutions have biases (10,016 of the 11,295,240 parameters), although
    the batch norms after them make these idle (section 3.2). Poolings with stride 2 have one pixel of padding all
    around, so that odd sides work too; the released network pools up to a last window over the edge. The small-image
    form leaves out the first two strides; its usual resolution is 32 instead of 224.
    """
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        x = _unit(x, STEM[0], 3 if small else 7, stride=1 if small else 2, name="conv1")
        x = x if small else x.max_pool(3, stride=2, padding=1, name="pool1")
        x = _unit(x, STEM[1], 1, name="conv2_reduce")
        x = _unit(x, STEM[2], 3, name="conv2").max_pool(3, stride=2, padding=1, name="pool2")
    for row in MODULES:
        with scope(row.name):
            x = _module(x, row)
    return classifier(x, classes).graph("bn_inception")


def _module(x: Wire, row: InceptionRow) -> Wire:
    stride = 1 if row.projected else 2
    branches = [_unit(x, row.one, 1, name="one")] if row.one else []
    reduce, out = row.three
    y = _unit(x, reduce, 1, name="three_reduce")
    branches.append(_unit(y, out, 3, stride=stride, name="three"))
    reduce, out = row.double
    y = _unit(x, reduce, 1, name="double_reduce")
    y = _unit(y, out, 3, name="double1")
    branches.append(_unit(y, out, 3, stride=stride, name="double2"))
    pool = x.avg_pool if row.pool == "avg" else x.max_pool
    y = pool(3, stride=stride, padding=1, name="pool")
    branches.append(_unit(y, row.projected, 1, name="projection") if row.projected else y)
    return concat(*branches)


def _unit(x: Wire, out: int, kernel: int, *, stride: int = 1, name: str) -> Wire:
    return x.conv(out, kernel, stride=stride, bias=True, name=name).norm().act("relu")
