"""Ready spaces by name: all light blocks, or those of one family."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.search.space.space import Space, StageSpace

# Large kernels only where they are depthwise, and therefore cheap.
RESIDUAL = ("basic", "bottleneck t2", "bottleneck t4")
GROUPED_RESIDUAL = ("resnext t2 g2", "resnext t2 g4")
SHUFFLED = ("shuffle_unit t2 g2", "shuffle_unit t4 g2", "shuffle_unit t4 g4")
SPLIT = ("shuffle_unit_v2", "shuffle_unit_v2 k5")
INVERTED = ("inverted_residual t2", "inverted_residual t3", "inverted_residual t4", "inverted_residual t6")
INVERTED_LARGE = ("inverted_residual t3 k5", "inverted_residual t4 k5", "inverted_residual t6 k5")
UNIVERSAL = ("universal_bottleneck t3", "universal_bottleneck t4 k5", "convnext_like t3 k5", "convnext_like t4 k7")
GHOSTS = ("ghost_bottleneck t2", "ghost_bottleneck t3", "ghost_bottleneck t4")
FIRE = ("fire t2", "fire t4")


@dataclass(frozen=True, kw_only=True)
class SpaceFamily:
    """What sets a family apart; the layout of stages follows from the resolution alone."""

    blocks: tuple[str, ...]
    se: tuple[bool, ...] = (False,)
    acts: tuple[str, ...] = ("relu",)
    heads: tuple[float, ...] = (0.0,)
    about: str = ""


SPACES: dict[str, SpaceFamily] = {
    "light": SpaceFamily(
        blocks=(
            "standard",
            "grouped g2",
            "stacked",
            "asymmetric",
            *FIRE,
            *RESIDUAL,
            *GROUPED_RESIDUAL,
            "depthwise_separable",
            "depthwise_separable k5",
            "separable",
            *SHUFFLED[:2],
            *SPLIT,
            *INVERTED,
            INVERTED_LARGE[1],
            *UNIVERSAL,
            "two_stage_squeeze t2",
            "ghost t2",
            *GHOSTS[::2],
        ),
        se=(False, True),
        acts=("relu", "hard_swish"),
        heads=(0.0, 2.0),
        about="all blocks",
    ),
    "vgg": SpaceFamily(blocks=("standard", "stacked"), about="standard convolutions, one or two"),
    "squeezenet": SpaceFamily(blocks=("fire t2", "fire t4", "fire t8"), about="fire modules"),
    "squeezenext": SpaceFamily(blocks=("two_stage_squeeze t2", "two_stage_squeeze t4"), about="two-stage squeezes"),
    "resnet": SpaceFamily(blocks=RESIDUAL, about="basic blocks and bottlenecks"),
    "se_resnet": SpaceFamily(blocks=RESIDUAL, se=(True,), about="the same with squeeze-and-excitation"),
    "resnext": SpaceFamily(blocks=(*GROUPED_RESIDUAL, "resnext t2 g8"), about="grouped bottlenecks"),
    "regnet": SpaceFamily(
        blocks=("resnext t1 g2", "resnext t1 g4", "resnext t1 g8"),
        se=(False, True),
        about="grouped bottlenecks that do not narrow",
    ),
    "xception": SpaceFamily(blocks=("separable", "separable k5"), about="separable convolutions"),
    "mobilenet_v1": SpaceFamily(
        blocks=("depthwise_separable", "depthwise_separable k5"), about="depthwise separable convolutions"
    ),
    "shufflenet_v1": SpaceFamily(blocks=(*SHUFFLED, "shuffle_unit t4 g8"), about="shuffled groups"),
    "shufflenet_v2": SpaceFamily(blocks=SPLIT, heads=(2.0,), about="split, shuffled channels"),
    "mobilenet_v2": SpaceFamily(
        blocks=INVERTED, acts=("relu6",), heads=(2.0, 4.0), about="inverted residuals with 3×3 kernels"
    ),
    "mobilenet_v3": SpaceFamily(
        blocks=(*INVERTED, *INVERTED_LARGE),
        se=(False, True),
        acts=("relu", "hard_swish"),
        heads=(2.0, 4.0),
        about="inverted residuals, 3×3 or 5×5, some with squeeze-and-excitation",
    ),
    "efficientnet": SpaceFamily(
        blocks=(*INVERTED, *INVERTED_LARGE),
        se=(True,),
        acts=("silu",),
        heads=(2.0, 4.0),
        about="inverted residuals with squeeze-and-excitation",
    ),
    "mobilenet_v4": SpaceFamily(
        blocks=(*UNIVERSAL, *INVERTED, *INVERTED_LARGE), heads=(2.0, 4.0), about="universal inverted bottlenecks"
    ),
    "ghostnet": SpaceFamily(blocks=GHOSTS, se=(False, True), heads=(2.0, 4.0), about="ghost bottlenecks"),
}
SMALLER = (7, 6)  # eighths of the images' side that a design may choose instead
SMALLEST = 24  # sides below it are not reduced further


def named_space(name: str, resolutions: tuple[int, ...]) -> Space:
    """A ready space, for images of any size.

    >>> space = named_space("light", (32,))
    >>> [stage.stride for stage in space.stages], space.stem_stride
    ([1, 2, 2, 2], 1)
    >>> [stage.stride for stage in named_space("resnet", (8,)).stages], named_space("resnet", (224,)).stem_stride
    ([1, 2], 2)

    The map is halved until its side is 4 to 7: once at 8×8 (digits), three times at 32×32 (CIFAR), five times at 224.
    From 64×64 on the stem does the first halving; each further one begins a stage, and a first stage keeps the stem's
    resolution. The last of three or more stages may be left out. The largest of the ``resolutions`` decides.

    Raises:
        FeatherboneError: an unknown name; images of less than 2×2 pixels.
    """
    if name not in SPACES:
        raise FeatherboneError(f"unknown space {name[:80]!r}", hint=did_you_mean(name[:80], SPACES))
    resolution = max(resolutions)
    if resolution < 2:
        raise FeatherboneError(f"resolution is {resolution}; a search needs images of 2×2 pixels or more")
    family = SPACES[name]
    halvings = max(resolution.bit_length() - 3, 0)
    stem_stride = 2 if resolution >= 64 else 1
    strides = [1] + [2] * (halvings - (stem_stride == 2))
    depths = [(1, 2, 3, 4)] * len(strides)
    if len(strides) >= 3:
        depths[-1] = (0, 1, 2, 3)
    return Space(
        name=name,
        resolutions=resolutions,
        stem_stride=stem_stride,
        stages=tuple(
            StageSpace(blocks=family.blocks, depths=deep, stride=stride, se=family.se)
            for deep, stride in zip(depths, strides, strict=True)
        ),
        heads=family.heads,
        acts=family.acts,
    )


def smaller_resolutions(resolution: int) -> tuple[int, ...]:
    """The sides that designs may choose from, for images of ``resolution``: its own, and a little less.

    >>> smaller_resolutions(32), smaller_resolutions(224), smaller_resolutions(8)
    ((32, 28, 24), (224, 196, 168), (8,))
    """
    less = [resolution * eighths // 8 for eighths in SMALLER]
    return (resolution, *(side for side in less if side >= SMALLEST))
