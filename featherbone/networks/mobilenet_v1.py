"""MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications (arXiv:1704.04861), table 1."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from featherbone.blocks import depthwise_separable, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, Wire, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled

STEM = 32
STAGES = (  # channels, blocks, stride of the first
    (64, 1, 1),
    (128, 2, 2),
    (256, 2, 2),
    (512, 6, 2),
    (1024, 2, 2),
)

CONVOLUTIONS: dict[str, Callable[..., Wire]] = {"separable": depthwise_separable, "full": partial(unit, kernel=3)}


def mobilenet_v1(
    *,
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    convolution: str = "separable",
    shallow: bool = False,
) -> Graph:
    """Thirteen depthwise separable convolutions.

    >>> mobilenet_v1(width=0.5, resolution=160).output_shape
    (1000,)

    ``convolution="full"`` builds the paper's comparison with standard 3×3 convolutions (table 4), ``shallow`` the one
    without the five layers of 14×14×512 (table 5). The small-image form starts with strides 1, 1 in place of 2, 2; its
    usual resolution is 32 instead of 224. Channels are never fewer than 8, as in the paper's code.

    The full convolutions cost 4,867.3 M; the 4,866 M of table 4 leave out the classifier. Table 1 gives the last
    depthwise layer stride 2, with a 7×7 map before and after it: it is stride 1.
    """
    if convolution not in CONVOLUTIONS:
        raise FeatherboneError(f"convolution is {convolution!r}; it must be one of {', '.join(CONVOLUTIONS)}")
    block = CONVOLUTIONS[convolution]
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        x = unit(x, scaled(STEM, width, divisor=1, minimum=8), 3, stride=1 if small else 2)
    for stage, (channels, blocks, stride) in enumerate(STAGES, start=1):
        out = scaled(channels, width, divisor=1, minimum=8)
        first = 1 if small and stage == 2 else stride
        for number in range(1, (1 if shallow and stage == 4 else blocks) + 1):
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = block(x, out, stride=first if number == 1 else 1)
    return classifier(x, classes).graph("mobilenet_v1")
