"""ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design (arXiv:1807.11164), table 5."""

from __future__ import annotations

from featherbone.blocks import shuffle_unit_v2, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, network_input

STEM = 24
CHANNELS = {  # stages 2 to 4 and conv5, by width
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}
BLOCKS = (4, 8, 4)


def shufflenet_v2(
    *,
    width: float = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """Sixteen units that work on half of their channels; ``width`` is 0.5, 1.0, 1.5 or 2.0, as the table has them.

    >>> shufflenet_v2(width=0.5).output_shape
    (1000,)

    The small-image form has a stem without stride and pooling; its usual resolution is 32 instead of 224.

    The paper's 41, 146, 299 and 591 M are about 1 % above the multiply-adds of its own table: 40.5, 144.9, 295.8 and
    583.3 M.
    """
    if width not in CHANNELS:
        raise FeatherboneError(f"width is {width!r}; it must be one of {', '.join(map(str, CHANNELS))}")
    *stages, last = CHANNELS[width]
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        x = unit(x, STEM, 3, stride=1 if small else 2)
        if not small:
            x = x.max_pool(3, stride=2, padding=1)
    for stage, (channels, blocks) in enumerate(zip(stages, BLOCKS, strict=True), start=2):
        for number in range(1, blocks + 1):
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = shuffle_unit_v2(x, channels, stride=2 if number == 1 else 1)
    with scope("last"):
        x = unit(x, last, 1)
    return classifier(x, classes).graph("shufflenet_v2")
