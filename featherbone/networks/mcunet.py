"""MCUNet: Tiny Deep Learning on IoT Devices (arXiv:2007.10319), the networks that its authors released for ImageNet."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.blocks import inverted_residual, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, network_input


@dataclass(frozen=True, kw_only=True)
class MCUNetModel:
    """What the search found: the resolution, the stem, and of each stage channels, stride, and (expansion, kernel)s."""

    resolution: int
    stem: int
    stages: tuple[tuple[int, int, tuple[tuple[int, int], ...]], ...]


MODELS = {
    "in0": MCUNetModel(  # 10 images a second on an STM32F746
        resolution=48,
        stem=24,
        stages=(
            (16, 1, ((1, 3),)),
            (16, 2, ((4, 5), (3, 3), (4, 3))),
            (24, 2, ((5, 7), (4, 5), (5, 5))),
            (48, 2, ((5, 7), (4, 5))),
            (56, 1, ((5, 3), (4, 5), (5, 3))),
            (112, 2, ((6, 3), (4, 5))),
            (192, 1, ((6, 3),)),
        ),
    ),
    "in1": MCUNetModel(  # 5 images a second on an STM32F746
        resolution=96,
        stem=16,
        stages=(
            (8, 1, ((1, 3),)),
            (16, 2, ((4, 3), (3, 3))),
            (24, 2, ((3, 7), (5, 3))),
            (40, 2, ((5, 3), (4, 7))),
            (48, 1, ((4, 5), (3, 3), (4, 3))),
            (96, 2, ((5, 7), (4, 5), (4, 5))),
            (160, 1, ((6, 3),)),
        ),
    ),
    "in2": MCUNetModel(  # 256 kB of memory, 1 MB of flash
        resolution=160,
        stem=16,
        stages=(
            (8, 1, ((1, 3),)),
            (16, 2, ((3, 5), (6, 7), (5, 3), (5, 5))),
            (24, 2, ((5, 3), (6, 7), (6, 5))),
            (40, 2, ((4, 7), (5, 5))),
            (48, 1, ((5, 3), (5, 5), (4, 3))),
            (96, 2, ((6, 5), (4, 5), (3, 5), (4, 3))),
            (160, 1, ((5, 5),)),
        ),
    ),
    "in3": MCUNetModel(  # 320 kB of memory, 1 MB of flash
        resolution=176,
        stem=16,
        stages=(
            (8, 1, ((1, 3),)),
            (16, 2, ((3, 7), (5, 3), (5, 7), (4, 5))),
            (24, 2, ((5, 5), (5, 5), (5, 5))),
            (40, 2, ((5, 3), (6, 7), (4, 5))),
            (48, 1, ((5, 5), (5, 7), (5, 3))),
            (96, 2, ((6, 3), (5, 7), (4, 3))),
            (160, 1, ((5, 7),)),
        ),
    ),
    "in4": MCUNetModel(  # 512 kB of memory, 2 MB of flash
        resolution=160,
        stem=32,
        stages=(
            (16, 1, ((1, 3),)),
            (24, 2, ((3, 7), (5, 3), (4, 5))),
            (40, 2, ((5, 7), (4, 3), (4, 7))),
            (80, 2, ((3, 7), (3, 3), (3, 7))),
            (96, 1, ((4, 3), (3, 5), (3, 5))),
            (192, 2, ((4, 7), (3, 7), (3, 5))),
            (320, 1, ((4, 5),)),
        ),
    ),
}


def mcunet(
    *,
    model: str = "in3",
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """Inverted residuals with kernels up to 7×7, found by search within the memory of a microcontroller.

    >>> mcunet(model="in1").input_shape
    (3, 96, 96)

    ``model`` is the authors' name, ``"in0"`` to ``"in4"``; each has its own usual resolution.
    The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32.
    """
    if model not in MODELS:
        raise FeatherboneError(f"model is {model!r}; it must be one of {', '.join(MODELS)}")
    form = MODELS[model]
    x = network_input(image_channels, resolution, usual=form.resolution, smallest=32, small=small)
    with scope("stem"):
        x = unit(x, form.stem, 3, stride=1 if small else 2, act="relu6")
    for stage, (channels, stride, blocks) in enumerate(form.stages, start=1):
        first = 1 if small and stage == 2 else stride
        for number, (expand, kernel) in enumerate(blocks, start=1):
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = inverted_residual(x, channels, expand=expand, kernel=kernel, stride=first if number == 1 else 1)
    return classifier(x, classes).graph(f"mcunet_{model}")
