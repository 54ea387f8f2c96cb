"""Very Deep Convolutional Networks for Large-Scale Image Recognition (arXiv:1409.1556), table 1."""

from __future__ import annotations

from featherbone.blocks import stacked
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, hidden_classifier, network_input

CHANNELS = (64, 128, 256, 512, 512)
LAYERS = {  # convolutions by stage: configurations A, B, D, E
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def vgg(
    *,
    depth: int = 16,
    norm: bool = False,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """Stacks of 3×3 convolutions, a pooling after each, three linear layers; depth 11, 13, 16 or 19.

    >>> vgg(depth=11).output_shape
    (1000,)

    ``norm`` puts a batch norm in place of each convolution's bias, which came after the paper. There is no early
    stride to leave out: in the small-image form, of usual resolution 32, one linear layer on the last 1×1 map replaces
    the three.
    """
    if depth not in LAYERS:
        raise FeatherboneError(f"depth is {depth!r}; it must be one of {', '.join(map(str, LAYERS))}")
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small, smallest_small=32)
    for stage, (channels, layers) in enumerate(zip(CHANNELS, LAYERS[depth], strict=True), start=1):
        with scope(f"stage{stage}"):
            x = stacked(x, channels, depth=layers, norm=norm).max_pool(2, name="pool")
    end = classifier(x, classes) if small else hidden_classifier(x, classes, hidden=4096)
    return end.graph(f"vgg{depth}")
