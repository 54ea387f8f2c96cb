"""MobileOne: An Improved One millisecond Mobile Backbone (arXiv:2206.04040), tables 2 and 3."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from featherbone.blocks import branched, mobile_one, squeeze_excitation
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled

STAGES = ((64, 2), (128, 8), (256, 10), (512, 1))  # channels at width 1, blocks; the first has stride 2
EXCITATION = 16  # reduction


@dataclass(frozen=True, kw_only=True)
class MobileOneModel:
    """Width of each stage, copies of each convolution while it is trained, and excited blocks at each stage's end."""

    widths: tuple[float, float, float, float]
    copies: int = 1
    excited: tuple[int, int, int, int] = (0, 0, 0, 0)


MODELS = {
    "s0": MobileOneModel(widths=(0.75, 1.0, 1.0, 2.0), copies=4),
    "s1": MobileOneModel(widths=(1.5, 1.5, 2.0, 2.5)),
    "s2": MobileOneModel(widths=(1.5, 2.0, 2.5, 4.0)),
    "s3": MobileOneModel(widths=(2.0, 2.5, 3.0, 4.0)),
    "s4": MobileOneModel(widths=(3.0, 3.5, 3.5, 4.0), excited=(0, 0, 5, 1)),
}


def mobileone(
    *,
    model: str = "s0",
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 8,
    merged: bool = False,
) -> Graph:
    """MobileNetV1's plan, each convolution trained as a sum of branches that merge into it afterwards.

    >>> mobileone(model="s1", merged=True).output_shape
    (1000,)

    ``model`` is ``"s0"`` to ``"s4"``; ``width`` multiplies its own. ``merged`` is the form for inference, which the
    paper counts: convolutions with biases and no norms. ``featherbone.rewrite`` makes it of a trained one.
    The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32 instead of 224.
    """
    if model not in MODELS:
        raise FeatherboneError(f"model is {model!r}; it must be one of {', '.join(MODELS)}")
    form = MODELS[model]
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        stem = scaled(STAGES[0][0], width, own=min(1.0, form.widths[0]), divisor=divisor)
        x = branched(x, stem, stride=1 if small else 2, merged=merged, name="conv").act("relu")
    for stage, ((channels, blocks), wide) in enumerate(zip(STAGES, form.widths, strict=True), start=1):
        out = scaled(channels, width, own=wide, divisor=divisor)
        for number in range(1, blocks + 1):
            excited = number > blocks - form.excited[stage - 1]
            stride = 2 if number == 1 and not (small and stage == 1) else 1
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = mobile_one(
                    x,
                    out,
                    stride=stride,
                    copies=form.copies,
                    merged=merged,
                    attend=partial(squeeze_excitation, reduction=EXCITATION) if excited else None,
                )
    return classifier(x, classes).graph(f"mobileone_{model}")
