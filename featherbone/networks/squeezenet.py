"""SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size (arXiv:1602.07360), table 1."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.blocks import fire, unit
from featherbone.blocks.channels import share as share_of
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, Wire, scope
from featherbone.networks.shared.ends import network_input, require_classes

FIRES = range(2, 10)  # the layers between conv1 and conv10
BYPASSES = ("none", "simple", "complex")


@dataclass(frozen=True, kw_only=True)
class Version:
    """What the authors' two releases do differently: the first convolution, and the layers that are pooled."""

    channels: int
    kernel: int
    pooled: tuple[int, ...]


VERSIONS = {
    "1.0": Version(channels=96, kernel=7, pooled=(1, 4, 8)),
    "1.1": Version(channels=64, kernel=3, pooled=(1, 3, 5)),
}


def squeezenet(
    *,
    version: str = "1.0",
    base: int = 128,
    increment: int = 128,
    frequency: int = 2,
    share: float = 0.5,
    squeeze_ratio: float = 0.125,
    bypass: str = "none",
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """Eight fire modules between two convolutions.

    >>> squeezenet(version="1.1", bypass="simple").output_shape
    (1000,)

    The paper's metaparameters (section 5.1): fire module i = 0…7 writes e = ``base`` + ``increment`` · ⌊i /
    ``frequency``⌋ channels, a ``share`` of them (pct3x3) from 3×3 kernels, out of ``squeeze_ratio`` · e squeezed ones;
    so its design space is a loop over this function. ``bypass`` (section 6) is ``"none"``, ``"simple"`` (an add around
    each module that keeps its channels) or ``"complex"`` (and a 1×1 convolution around the others).

    Squeeze ratios 0.125 to 1 make 4.8 to 24 MiB of 32-bit weights, as in figure 3. With a complex bypass only the
    modules that change their channels are projected.

    The small-image form starts with a 3×3 convolution without stride and without pooling; its usual resolution is 32.
    """
    if version not in VERSIONS:
        raise FeatherboneError(f"version is {version!r}; it must be one of {', '.join(VERSIONS)}")
    if bypass not in BYPASSES:
        raise FeatherboneError(f"bypass is {bypass!r}; it must be one of {', '.join(BYPASSES)}")
    for what, value, least in (("base", base, 1), ("increment", increment, 0), ("frequency", frequency, 1)):
        if value < least:
            raise FeatherboneError(f"{what} is {value}; it must be at least {least}")
    if not 0 < squeeze_ratio <= 1:
        raise FeatherboneError(f"squeeze_ratio is {squeeze_ratio}; it must be above 0 and at most 1")
    require_classes(classes)
    form = VERSIONS[version]
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        if small:
            x = unit(x, form.channels, 3, norm=False)
        else:
            x = unit(x, form.channels, form.kernel, stride=2, padding=0, norm=False)
            x = x.max_pool(3, stride=2, ceil=True)
    for module, layer in enumerate(FIRES):
        out = base + increment * (module // frequency)
        with scope(f"fire{layer}"):
            y = fire(x, out, narrow=max(1, share_of(out, squeeze_ratio)), large=share)
            x = _bypassed(x, y, bypass)
            if layer in form.pooled:
                x = x.max_pool(3, stride=2, ceil=True, name="pool")
    with scope("head"):
        x = x.dropout(0.5).pointwise(classes, bias=True, name="classifier").act("relu")
        x = x.global_pool().flatten()
    return x.graph("squeezenet" if version == "1.0" else "squeezenet1_1")


def _bypassed(x: Wire, y: Wire, bypass: str) -> Wire:
    if bypass == "none" or (bypass == "simple" and x.channels != y.channels):
        return y
    return y + (x if x.channels == y.channels else x.pointwise(y.channels, bias=True, name="bypass"))
