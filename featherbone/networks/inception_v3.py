"""Rethinking the Inception Architecture for Computer Vision (arXiv:1512.00567), table 1 and figures 5 to 7, 10.

The exact channels are those of the authors' released network, which the paper's table leaves open.
"""

from __future__ import annotations

from functools import partial

from featherbone.blocks import asymmetric, unit
from featherbone.graph import Dim, Graph, Wire, concat, scope
from featherbone.networks.shared.ends import classifier, network_input

MODULES_35 = (32, 64, 64)  # channels after the pooling of each module on 35×35 maps
MODULES_17 = (128, 160, 160, 192)  # channels between the 1×7 and 7×1 kernels of each module on 17×17 maps
MODULES_8 = 2
EPSILON = 1e-3  # of its batch norms

_unit = partial(unit, epsilon=EPSILON)


def inception_v3(
    *, resolution: Dim | None = None, classes: int = 1000, image_channels: int = 3, small: bool = False
) -> Graph:
    """Modules of parallel branches: small kernels on large maps, 1×7 and 7×1 in the middle, 1×3 and 3×1 at the end.

    >>> inception_v3().output_shape
    (1000,)

    The auxiliary classifier of training is left out. The usual resolution is 299. The small-image form, of usual
    resolution 32, leaves out the first two strides and pads everywhere.
    """
    x = network_input(image_channels, resolution, usual=299, smallest=75, small=small)
    edge = "same" if small else "valid"
    x = _stem(x, edge, small)
    for number, channels in enumerate(MODULES_35, start=1):
        with scope("stage1"), scope(f"block{number}"):
            x = _module_35(x, channels)
    with scope("stage2"), scope("reduction"):
        y = _unit(x, 64, 1, name="double_reduce")
        y = _unit(y, 96, 3, name="double1")
        y = _unit(y, 96, 3, stride=2, padding=edge, name="double2")
        x = concat(_unit(x, 384, 3, stride=2, padding=edge, name="three"), y, _pool(x, edge))
    for number, channels in enumerate(MODULES_17, start=1):
        with scope("stage2"), scope(f"block{number}"):
            x = _module_17(x, channels)
    with scope("stage3"), scope("reduction"):
        y = _unit(x, 192, 1, name="three_reduce")
        y = _unit(y, 320, 3, stride=2, padding=edge, name="three")
        z = _unit(x, 192, 1, name="seven_reduce")
        z = asymmetric(z, 192, kernel=7, order="row_first", epsilon=EPSILON)
        z = _unit(z, 192, 3, stride=2, padding=edge, name="seven_three")
        x = concat(y, z, _pool(x, edge))
    for number in range(1, MODULES_8 + 1):
        with scope("stage3"), scope(f"block{number}"):
            x = _module_8(x)
    return classifier(x, classes, dropout=0.5).graph("inception_v3")


def _stem(x: Wire, edge: str, small: bool) -> Wire:
    with scope("stem"):
        x = _unit(x, 32, 3, stride=1 if small else 2, padding=edge, name="conv1")
        x = _unit(x, 32, 3, padding=edge, name="conv2")
        x = _unit(x, 64, 3, name="conv3")
        x = x if small else x.max_pool(3, stride=2, name="pool1")
        x = _unit(x, 80, 1, name="conv4")
        x = _unit(x, 192, 3, padding=edge, name="conv5")
        return _pool(x, edge)


def _pool(x: Wire, edge: str) -> Wire:
    return x.max_pool(3, stride=2, padding=edge, name="pool")


def _module_35(x: Wire, projected: int) -> Wire:
    """Figure 5, with one 5×5 left."""
    one = _unit(x, 64, 1, name="one")
    five = _unit(_unit(x, 48, 1, name="five_reduce"), 64, 5, name="five")
    double = _unit(_unit(x, 64, 1, name="double_reduce"), 96, 3, name="double1")
    double = _unit(double, 96, 3, name="double2")
    return concat(one, five, double, _projected_pool(x, projected))


def _module_17(x: Wire, channels: int) -> Wire:
    """Figure 6, n = 7."""
    row, column = (1, 7), (7, 1)
    one = _unit(x, 192, 1, name="one")
    seven = _unit(_unit(x, channels, 1, name="seven_reduce"), channels, row, name="seven_row")
    seven = _unit(seven, 192, column, name="seven_column")
    double = _unit(x, channels, 1, name="double_reduce")
    double = _unit(double, channels, column, name="double_column1")
    double = _unit(double, channels, row, name="double_row1")
    double = _unit(double, channels, column, name="double_column2")
    double = _unit(double, 192, row, name="double_row2")
    return concat(one, seven, double, _projected_pool(x, 192))


def _module_8(x: Wire) -> Wire:
    """Figure 7: asymmetric kernels side by side."""
    parallel = partial(asymmetric, out=768, kernel=3, order="parallel", epsilon=EPSILON)
    one = _unit(x, 320, 1, name="one")
    with scope("three"):
        three = parallel(_unit(x, 384, 1, name="reduce"))
    with scope("double"):
        double = parallel(_unit(_unit(x, 448, 1, name="reduce"), 384, 3, name="conv"))
    return concat(one, three, double, _projected_pool(x, 192))


def _projected_pool(x: Wire, out: int) -> Wire:
    return _unit(x.avg_pool(3, stride=1, padding=1, name="pool"), out, 1, name="projection")
