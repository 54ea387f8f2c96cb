"""TinyNet: Model Rubik's Cube, twisting resolution, depth and width for TinyNets (arXiv:2010.14819), table 5."""

from __future__ import annotations

from functools import partial

from featherbone.blocks import inverted_residual, squeeze_excitation, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.efficientnet import LAST, STAGES, STEM
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled, share

MODELS = {  # width, depth and resolution
    "a": (1.0, 1.2, 192),
    "b": (0.75, 1.1, 188),
    "c": (0.54, 0.85, 184),
    "d": (0.54, 0.695, 152),
    "e": (0.51, 0.6, 106),
}


def tinynet(
    *,
    model: str = "a",
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 8,
    dropout: float = 0.2,
) -> Graph:
    """EfficientNet-B0 made smaller: resolution and depth count for more than width.

    >>> tinynet(model="e").input_shape
    (3, 106, 106)

    ``model`` is ``"a"`` to ``"e"``; ``width`` multiplies its own, and the channels of the stages alone: stem and end
    keep theirs. Depth multiplies the blocks of each stage, rounded to the nearest and at least one.
    The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32.
    """
    if model not in MODELS:
        raise FeatherboneError(f"model is {model!r}; it must be one of {', '.join(MODELS)}")
    wide, deep, usual = MODELS[model]
    x = network_input(image_channels, resolution, usual=usual, smallest=32, small=small)
    with scope("stem"):
        x = unit(x, STEM, 3, stride=1 if small else 2, act="silu")
    for stage, (expand, channels, blocks, stride, kernel) in enumerate(STAGES, start=1):
        out = scaled(channels, width, own=wide, divisor=divisor)
        first = 1 if small and stage == 2 else stride
        for number in range(1, max(1, round(deep * blocks)) + 1):
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = inverted_residual(
                    x,
                    out,
                    expand=expand,
                    kernel=kernel,
                    stride=first if number == 1 else 1,
                    act="silu",
                    attend=partial(squeeze_excitation, narrow=share(x.channels, 1, 4), act="silu"),
                )
    with scope("last"):
        x = unit(x, LAST, 1, act="silu")
    return classifier(x, classes, dropout=dropout).graph(f"tinynet_{model}")
