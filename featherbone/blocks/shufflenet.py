"""ShuffleNet's unit: group the pointwise convolutions too, and shuffle so that groups still meet."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.blocks.channels import reduced
from featherbone.blocks.unit import unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Wire, concat


def shuffle_unit(
    x: Wire,
    out: Dim,
    *,
    groups: Dim = 3,
    first_groups: Dim | None = None,
    reduction: Dim = 4,
    kernel: Dim = 3,
    stride: int = 1,
    shortcut: bool = True,
    act: str = "relu",
    attend: Callable[[Wire], Wire] | None = None,
) -> Wire:
    """A bottleneck of grouped pointwise convolutions around a depthwise one, with a channel shuffle after the first.

    >>> from featherbone.graph import image
    >>> shuffle_unit(image(240, 28), 480, stride=2).shape
    (480, 14, 14)

    With stride 1 the input is added; with stride 2 it is average-pooled and concatenated: the branch writes only the
    channels that are missing. ``first_groups`` is for the first unit of stage 2, whose input is too narrow to group.

    Cost per output position: MN/(Gt) + K²N/t + N²/(Gt). Source: ShuffleNet, arXiv:1707.01083, figure 2.
    """
    narrow = reduced(out, reduction, what="shuffle unit's reduction")
    if stride == 1 and shortcut and x.channels != out:
        raise FeatherboneError(
            f"a shuffle unit with stride 1 adds its input: {x.channels} channels in cannot become {out}",
            hint="use stride=2, which concatenates, or shortcut=False",
        )
    written = out - x.channels if stride != 1 and shortcut else out
    y = unit(x, narrow, 1, groups=groups if first_groups is None else first_groups, act=act, name="reduce")
    y = y.shuffle(groups)
    y = y.depthwise(kernel, stride=stride).norm()
    y = unit(y, written, 1, groups=groups, act=None, name="expand")
    y = attend(y) if attend else y
    if not shortcut:
        return y.act(act, name="act")
    if stride == 1:
        return (x + y).act(act, name="act")
    return concat(x.avg_pool(3, stride=stride, padding=1, name="shortcut"), y).act(act, name="act")
