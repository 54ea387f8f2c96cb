"""The designs that a search may propose: allowed values, stage by stage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.search.design import Design, Stage, Stem
from featherbone.search.kinds import KINDS
from featherbone.search.text import stage_settings

Stages = Sequence[Stage | None]  # one for each of a space's stages; None is left out

# Large kernels only where they are depthwise, and therefore cheap.
BLOCKS = (
    "standard",
    "asymmetric",
    "fire t2",
    "fire t4",
    "basic",
    "bottleneck t2",
    "bottleneck t4",
    "resnext t2 g2",
    "resnext t2 g4",
    "depthwise_separable",
    "depthwise_separable k5",
    "separable",
    "shuffle_unit t2 g2",
    "shuffle_unit t4 g2",
    "shuffle_unit_v2",
    "shuffle_unit_v2 k5",
    "inverted_residual t2",
    "inverted_residual t3",
    "inverted_residual t4",
    "inverted_residual t4 k5",
    "inverted_residual t6",
)


@dataclass(frozen=True, kw_only=True)
class StageSpace:
    """What one stage may be.

    ``blocks`` are written as in a design's text, without a width. A depth of 0 leaves the stage out. ``growth`` is the
    width relative to the stage before; all widths are scaled together to the budget afterwards.
    """

    blocks: tuple[str, ...] = BLOCKS
    depths: tuple[int, ...] = (1, 2, 3)
    stride: int = 1
    growth: tuple[float, ...] = (1.0, 1.5, 2.0)
    se: tuple[bool, ...] = (False, True)


@dataclass(frozen=True, kw_only=True)
class Space:
    """Allowed values of every choice of a design; ``heads`` are relative to the last stage's width, 0 is no head."""

    name: str
    resolution: int
    stem_stride: int
    stages: tuple[StageSpace, ...]
    heads: tuple[float, ...] = (0.0, 2.0)
    acts: tuple[str, ...] = ("relu", "hard_swish")
    widest: int = 512

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values, to be kept with a run and compared when it is resumed."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))  # tuples become the lists that JSON reads back
        return values


def light(resolution: int) -> Space:
    """All light blocks, for images of any size.

    >>> [stage.stride for stage in light(32).stages], light(32).stem_stride
    ([1, 2, 2, 2], 1)
    >>> [stage.stride for stage in light(8).stages], light(224).stem_stride
    ([1, 2], 2)

    The map is halved until its side is 4 to 7: once at 8×8 (digits), three times at 32×32 (CIFAR), five times at 224.
    From 64×64 on the stem does the first halving; each further one begins a stage, and a first stage keeps the stem's
    resolution. The last of three or more stages may be left out.
    """
    if resolution < 2:
        raise FeatherboneError(f"resolution is {resolution}; a search needs images of 2×2 pixels or more")
    halvings = max(resolution.bit_length() - 3, 0)
    stem_stride = 2 if resolution >= 64 else 1
    strides = [1] + [2] * (halvings - (stem_stride == 2))
    stages = [StageSpace(stride=stride) for stride in strides]
    if len(stages) >= 3:
        stages[-1] = StageSpace(stride=2, depths=(0, 1, 2, 3))
    return Space(name="light", resolution=resolution, stem_stride=stem_stride, stages=tuple(stages))


def stage_of(block: str, *, depth: int, stride: int, se: bool) -> Stage:
    """The stage that a block's text in a space stands for, at its smallest width."""
    kind, *words = block.split()
    settings = stage_settings(kind, words)
    width = KINDS[kind].multiple(settings.get("ratio", 1), settings.get("groups", 1))
    return Stage(kind=kind, width=width, depth=depth, stride=stride, se=se, **settings)


def least_choices(stage: StageSpace) -> list[Stage | None]:
    """Every block that the stage may be, as shallow and plain as it may be; only None where it may be left out."""
    depth, se = min(stage.depths), min(stage.se)
    if depth == 0:
        return [None]
    return [stage_of(block, depth=depth, stride=stage.stride, se=se) for block in stage.blocks]


def assembled(space: Space, stages: Stages, *, act: str = "relu", head: bool | None = None) -> Design:
    """The design of the space with these stages, those that are None left out, and the narrowest stem and head.

    Without ``head``, there is one only where every design of the space has one.
    """
    wanted = 0 not in space.heads if head is None else head
    return Design(
        resolution=space.resolution,
        stem=Stem(width=4, stride=space.stem_stride, act=act),
        stages=tuple(replace(stage, act=act) for stage in stages if stage is not None),
        head=4 if wanted else 0,
    )
