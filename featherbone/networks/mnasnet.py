"""MnasNet: Platform-Aware Neural Architecture Search for Mobile (arXiv:1807.11626), as released."""

from __future__ import annotations

from functools import partial

from featherbone.blocks import inverted_residual, squeeze_excitation, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled, share

STEM = 32
LAST = 1280
RELEASES = {  # expansion t, channels c, blocks n, stride s of the first, kernel k, excited
    "A1": (
        (1, 16, 1, 1, 3, False),
        (6, 24, 2, 2, 3, False),
        (3, 40, 3, 2, 5, True),
        (6, 80, 4, 2, 3, False),
        (6, 112, 2, 1, 3, True),
        (6, 160, 3, 2, 5, True),
        (6, 320, 1, 1, 3, False),
    ),
    "B1": (
        (1, 16, 1, 1, 3, False),
        (3, 24, 3, 2, 3, False),
        (3, 40, 3, 2, 5, False),
        (6, 80, 3, 2, 5, False),
        (6, 96, 2, 1, 3, False),
        (6, 192, 4, 2, 5, False),
        (6, 320, 1, 1, 3, False),
    ),
}


def mnasnet(
    *,
    release: str = "B1",
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 8,
    dropout: float = 0.2,
) -> Graph:
    """Inverted residuals found by search with the latency of a phone in the objective.

    >>> mnasnet(width=0.5).output_shape
    (1000,)

    ``release`` is the authors' name: ``"A1"`` is the paper's, with squeeze-and-excitation to a quarter of a block's
    input; ``"B1"`` is without, and the one that libraries call MNASNet. ``width`` leaves the last convolution at 1280
    channels. The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32 instead of 224.
    """
    if release not in RELEASES:
        raise FeatherboneError(f"release is {release!r}; it must be one of {', '.join(RELEASES)}")
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        x = unit(x, scaled(STEM, width, divisor=divisor), 3, stride=1 if small else 2)
    for stage, (expand, channels, blocks, stride, kernel, excited) in enumerate(RELEASES[release], start=1):
        out = scaled(channels, width, divisor=divisor)
        first = 1 if small and stage == 2 else stride
        for number in range(1, blocks + 1):
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = inverted_residual(
                    x,
                    out,
                    expand=expand,
                    kernel=kernel,
                    stride=first if number == 1 else 1,
                    act="relu",
                    attend=partial(squeeze_excitation, narrow=share(x.channels, 1, 4)) if excited else None,
                )
    with scope("last"):
        x = unit(x, LAST, 1)
    return classifier(x, classes, dropout=dropout).graph("mnasnet_b1" if release == "B1" else "mnasnet_a1")
