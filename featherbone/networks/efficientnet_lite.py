"""EfficientNet-Lite: EfficientNet (arXiv:1905.11946) without what phones compute slowly, as its authors released it.

Source: github.com/tensorflow/tpu, models/official/efficientnet/lite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from featherbone.blocks import inverted_residual, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.graph.dimension import is_symbolic
from featherbone.networks.efficientnet import LAST, STAGES, STEM
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled

EPSILON = 1e-3  # of every norm


@dataclass(frozen=True, kw_only=True)
class LiteModel:
    """The multipliers of one of the five, and the resolution and dropout that go with them."""

    width: float
    depth: float
    resolution: int
    dropout: float


MODELS = {
    "lite0": LiteModel(width=1.0, depth=1.0, resolution=224, dropout=0.2),
    "lite1": LiteModel(width=1.0, depth=1.1, resolution=240, dropout=0.2),
    "lite2": LiteModel(width=1.1, depth=1.2, resolution=260, dropout=0.3),
    "lite3": LiteModel(width=1.2, depth=1.4, resolution=280, dropout=0.3),
    "lite4": LiteModel(width=1.4, depth=1.8, resolution=300, dropout=0.3),
}


def efficientnet_lite(
    *,
    model: str = "lite0",
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 8,
) -> Graph:
    """EfficientNet's inverted residuals without squeeze-and-excitation, with ReLU6, and with stem and end unscaled.

    >>> efficientnet_lite(model="lite2").input_shape
    (3, 260, 260)

    ``model`` is ``"lite0"`` to ``"lite4"``; ``width`` multiplies its own, and the channels of the stages alone. Depth
    multiplies the blocks of the stages, rounded up, but for the first and the last. Windows are padded as TensorFlow
    does, only what the stride needs and the odd pixel after; where the resolution is a symbol, by the same at all
    edges, which costs the same. The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is
    32.
    """
    if model not in MODELS:
        raise FeatherboneError(f"model is {model!r}; it must be one of {', '.join(MODELS)}")
    form = MODELS[model]
    padding = "same" if is_symbolic(resolution) else "tf_same"
    x = network_input(image_channels, resolution, usual=form.resolution, smallest=32, small=small)
    with scope("stem"):
        x = unit(x, STEM, 3, stride=1 if small else 2, padding=padding, act="relu6", epsilon=EPSILON)
    for stage, (expand, channels, blocks, stride, kernel) in enumerate(STAGES, start=1):
        out = scaled(channels, width, own=form.width, divisor=divisor)
        first = 1 if small and stage == 2 else stride
        repeats = blocks if stage in (1, len(STAGES)) else math.ceil(form.depth * blocks)
        for number in range(1, repeats + 1):
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = inverted_residual(
                    x,
                    out,
                    expand=expand,
                    kernel=kernel,
                    stride=first if number == 1 else 1,
                    padding=padding,
                    epsilon=EPSILON,
                )
    with scope("last"):
        x = unit(x, LAST, 1, act="relu6", epsilon=EPSILON)
    return classifier(x, classes, dropout=form.dropout).graph(f"efficientnet_{model}")
