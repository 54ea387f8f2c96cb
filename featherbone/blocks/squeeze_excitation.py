"""Squeeze-and-excitation: let the whole image decide how much each channel counts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from featherbone.blocks.channels import reduced
from featherbone.graph import Dim, Wire, scope


def squeeze_excitation(
    x: Wire, *, reduction: Dim = 16, narrow: Dim | None = None, act: str = "relu", gate: str = "sigmoid"
) -> Wire:
    """Pool each channel to one number, pass them through a narrow layer, scale the channels by the result.

    >>> from featherbone.graph import image
    >>> squeeze_excitation(image(64, 56)).shape
    (64, 56, 56)

    ``narrow`` gives the middle width itself, where a network rounds it; else it is M/``reduction``.

    Cost: 2M²/r multiply-adds for the whole map, whatever its size. Source: SENet, arXiv:1709.01507, section 3.
    """
    middle = reduced(x.channels, reduction, what="squeeze-and-excitation reduction") if narrow is None else narrow
    with scope("se"):
        y = x.global_pool()
        y = y.pointwise(middle, bias=True, name="reduce").act(act)
        y = y.pointwise(x.channels, bias=True, name="expand").act(gate)
        return x * y


def excited(block: Callable[..., Wire], *, reduction: Dim = 16, gate: str = "sigmoid") -> Callable[..., Wire]:
    """``block`` with squeeze-and-excitation: on its branch, before the add, where it has one; else on its result.

    >>> from featherbone.blocks import bottleneck
    >>> from featherbone.graph import image
    >>> excited(bottleneck)(image(64, 56), 256).shape
    (256, 56, 56)
    """
    attend = partial(squeeze_excitation, reduction=reduction, gate=gate)
    if "attend" in inspect.signature(block).parameters:
        return partial(block, attend=attend)

    def after(x: Wire, out: Dim, **settings: Any) -> Wire:
        return attend(block(x, out, **settings))

    return after
