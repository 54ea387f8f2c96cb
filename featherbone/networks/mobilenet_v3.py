"""Searching for MobileNetV3 (arXiv:1905.02244), tables 1 and 2."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from featherbone.blocks import inverted_residual, squeeze_excitation, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.graph.dimension import is_symbolic
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled, share

STEM = 16
EPSILON = 1e-3  # of every norm
RELU, SWISH = "relu", "hard_swish"


@dataclass(frozen=True, kw_only=True)
class Size:
    """One of the paper's two networks; ``last`` channels end the convolutions, ``hidden`` lead to the classifier."""

    stages: tuple[tuple[int, int, int, str, bool, tuple[int, ...]], ...]
    last: int
    hidden: int


SIZES = {  # channels, kernel, stride of the first, activation, excited, and the width inside each block
    "large": Size(
        stages=(
            (16, 3, 1, RELU, False, (16,)),
            (24, 3, 2, RELU, False, (64, 72)),
            (40, 5, 2, RELU, True, (72, 120, 120)),
            (80, 3, 2, SWISH, False, (240, 200, 184, 184)),
            (112, 3, 1, SWISH, True, (480, 672)),
            (160, 5, 2, SWISH, True, (672, 960, 960)),
        ),
        last=960,
        hidden=1280,
    ),
    "small": Size(
        stages=(
            (16, 3, 2, RELU, True, (16,)),
            (24, 3, 2, RELU, False, (72, 88)),
            (40, 5, 2, SWISH, True, (96, 240, 240)),
            (48, 5, 1, SWISH, True, (120, 144)),
            (96, 5, 2, SWISH, True, (288, 576, 576)),
        ),
        last=576,
        hidden=1024,
    ),
}


def mobilenet_v3(
    *,
    size: str = "large",
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 8,
    dropout: float = 0.2,
) -> Graph:
    """Inverted residuals found by search: some with 5×5 kernels, some excited, hard-swish where maps are small.

    >>> mobilenet_v3(width=0.75).output_shape
    (1000,)

    Channels, also those inside the blocks and inside squeeze-and-excitation (a quarter), are rounded to multiples of
    ``divisor``. As in the authors' code the width inside a block is in proportion to the block's rounded input, and a
    width below 1 leaves the hidden layer as it is; a symbolic width is taken as at most 1.
    ``small`` is the small-image form, of either ``size``: it starts with strides 1, 1 in place of 2, 2, and its usual
    resolution is 32 instead of 224.
    """
    if size not in SIZES:
        raise FeatherboneError(f"size is {size!r}; it must be one of {', '.join(SIZES)}")
    form = SIZES[size]
    kept = min(stage for stage, row in enumerate(form.stages, start=1) if row[2] == 2)  # in the small-image form
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        out = scaled(STEM, width, divisor=divisor)
        x = unit(x, out, 3, stride=1 if small else 2, act=SWISH, epsilon=EPSILON)
    before = STEM
    for stage, (channels, kernel, stride, act, excited, insides) in enumerate(form.stages, start=1):
        out = scaled(channels, width, divisor=divisor)
        first = 1 if small and stage == kept else stride
        for number, inside in enumerate(insides, start=1):
            wide = share(x.channels, inside, before, divisor=divisor)
            attend = partial(squeeze_excitation, narrow=share(wide, 1, 4, divisor=divisor), gate="hard_sigmoid")
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = inverted_residual(
                    x,
                    out,
                    wide=wide,
                    kernel=kernel,
                    stride=first if number == 1 else 1,
                    act=act,
                    epsilon=EPSILON,
                    attend=attend if excited else None,
                )
            before = channels
    with scope("last"):
        x = unit(x, scaled(form.last, width, divisor=divisor), 1, act=SWISH, epsilon=EPSILON)
    hidden = form.hidden if is_symbolic(width) else scaled(form.hidden, max(1.0, width), divisor=divisor)
    return classifier(x, classes, hidden=hidden, act=SWISH, dropout=dropout).graph(f"mobilenet_v3_{size}")
