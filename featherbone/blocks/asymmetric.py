"""Asymmetric kernels: K×1 and 1×K in place of K×K."""

from __future__ import annotations

from featherbone.blocks.channels import reduced
from featherbone.blocks.unit import unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Wire, concat

ORDERS = ("column_first", "row_first", "parallel")


def asymmetric(
    x: Wire,
    out: Dim,
    *,
    kernel: Dim = 3,
    stride: int = 1,
    order: str = "column_first",
    act: str | None = "relu",
    norm: bool = True,
    epsilon: float = 1e-5,
) -> Wire:
    """A K×1 convolution, then a 1×K one: together they see K×K.

    >>> from featherbone.graph import image
    >>> asymmetric(image(16, 17), 32, kernel=7).shape
    (32, 17, 17)

    ``order`` is ``"column_first"`` (K×1 first), ``"row_first"``, or ``"parallel"``: both on the input, with half of
    the kernels, concatenated, as in Inception's widest modules.

    Cost per output position: KMN + KN²; in parallel KMN. Source: Rethinking Inception, arXiv:1512.00567, 3.2, figures 6
    and 7.
    """
    column, row = (kernel, 1), (1, kernel)
    if order == "parallel":
        half = reduced(out, 2, what="parallel kernels' share")
        left = unit(x, half, row, stride=stride, act=act, norm=norm, epsilon=epsilon, name="row")
        right = unit(x, half, column, stride=stride, act=act, norm=norm, epsilon=epsilon, name="column")
        return concat(left, right)
    if order not in ORDERS:
        raise FeatherboneError(f"order is {order!r}; it must be one of {', '.join(ORDERS)}")
    kernels = [(column, "column"), (row, "row")]
    if order == "row_first":
        kernels.reverse()
    for sides, name in kernels:
        strides = tuple([stride if side != 1 else 1 for side in sides]) if stride != 1 else 1
        x = unit(x, out, sides, stride=strides, act=act, norm=norm, epsilon=epsilon, name=name)
    return x
