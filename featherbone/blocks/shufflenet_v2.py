"""ShuffleNetV2's unit: split the channels, work on one half, join by concatenation."""

from __future__ import annotations

from featherbone.blocks.channels import reduced
from featherbone.blocks.unit import unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Wire, concat


def shuffle_unit_v2(x: Wire, out: Dim, *, kernel: Dim = 3, stride: int = 1, act: str = "relu") -> Wire:
    """Half of the channels pass untouched; a shuffle lets the halves meet in the next unit.

    >>> from featherbone.graph import image
    >>> shuffle_unit_v2(image(116, 28), 116).shape
    (116, 28, 28)

    With stride 2 there is no split: both branches read the whole input and halve the map.

    Cost per output position, stride 1 (M = N): N²/4 + K²N/2 + N²/4. Source: ShuffleNetV2, arXiv:1807.11164, figure 3.
    """
    half = reduced(out, 2, what="ShuffleNetV2's split")
    if stride == 1:
        if x.channels != out:
            raise FeatherboneError(
                f"a ShuffleNetV2 unit with stride 1 keeps its channels: {x.channels} cannot become {out}",
                hint="use stride=2 to widen",
            )
        kept, y = x.split(2)
    else:
        kept = x.depthwise(kernel, stride=stride, name="shortcut_depthwise").norm()
        kept = unit(kept, half, 1, act=act, name="shortcut_pointwise")
        y = x
    y = unit(y, half, 1, act=act, name="pointwise1")
    y = y.depthwise(kernel, stride=stride).norm()
    y = unit(y, half, 1, act=act, name="pointwise2")
    return concat(kept, y).shuffle(2)
