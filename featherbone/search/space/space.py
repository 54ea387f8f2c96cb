"""The designs that a search may propose: allowed values, stage by stage. Ready ones are in ``named.py``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.operators.activation import ACTIVATIONS
from featherbone.json_values import write_value
from featherbone.search.space.block_kinds import kind
from featherbone.search.space.design import Stage, Stem
from featherbone.search.space.design_text import stage_settings

WIDEST = 4096
DEEPEST = 64


@dataclass(frozen=True, kw_only=True)
class StageSpace:
    """What one stage may be.

    >>> stage = StageSpace(blocks=("basic", "inverted_residual t4"), depths=(1, 2), se=(False,))
    >>> [choice.kind for choice in stage.choices]
    ['basic', 'inverted_residual']

    ``blocks`` are written as in a design's text, without width, depth, stride and activation, such as
    ``"inverted_residual t4 k5"``. A depth of 0 leaves the stage out, with its stride. ``growth`` is the width relative
    to the stage before; all widths are scaled together to the budget afterwards. ``widths`` lists the only widths
    allowed; without it every width that the block can have is.

    Raises:
        FeatherboneError: a block that is unknown or says too much; nothing to choose from; numbers out of range.
    """

    blocks: tuple[str, ...]
    depths: tuple[int, ...] = (1, 2, 3)
    stride: int = 1
    growth: tuple[float, ...] = (1.0, 1.5, 2.0)
    se: tuple[bool, ...] = (False, True)
    widths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _require_choices("stage", blocks=self.blocks, depths=self.depths, growth=self.growth, se=self.se)
        _require_range("depths", self.depths, 0, DEEPEST)
        _require_range("stride", [self.stride], 1, 8)
        _require_range("widths", self.widths, 4, WIDEST)
        if self.depths == (0,):
            raise FeatherboneError("a stage has depths 0 only; leave it out of the space instead")
        if not all(type(share) in (int, float) and 0 < share <= 16 for share in self.growth):
            raise FeatherboneError(f"growth is {self.growth}; it must be numbers above 0 and at most 16")
        if not all(isinstance(choice, bool) for choice in self.se):
            raise FeatherboneError(f"se is {self.se}; it must be true, false or both")
        for text in self.blocks:
            block_of(text)

    @cached_property
    def choices(self) -> tuple[Stage, ...]:
        """Every block that the stage may be, with and without squeeze-and-excitation, at its smallest width."""
        return tuple(block_of(text, se=se, stride=self.stride) for text in self.blocks for se in self.se)

    def widths_of(self, choice: Stage, widest: int) -> tuple[int, ...]:
        """The widths that a choice may have, the narrowest first.

        Raises:
            FeatherboneError: there is none.
        """
        allowed = self.widths or range(choice.width, widest + 1, choice.width)
        found = tuple(width for width in sorted(set(allowed)) if width % choice.width == 0 and width <= widest)
        if not found:
            raise FeatherboneError(
                f"no width of {list(self.widths) or f'4 to {widest}'} suits {choice.kind} with ratio {choice.ratio} "
                f"and groups {choice.groups}, which needs a multiple of {choice.width}"
            )
        return found


@dataclass(frozen=True, kw_only=True)
class Space:
    """Allowed values of every choice of a design; ``heads`` are relative to the last stage's width, 0 is no head.

    >>> stages = (StageSpace(blocks=("basic",)), StageSpace(blocks=("fire t4",), stride=2))
    >>> Space(name="mine", resolutions=(24, 32), stem_stride=1, stages=stages).kinds()
    ('basic', 'fire')

    Activation and resolution are choices of the whole network. ``widest`` bounds every width.

    Raises:
        FeatherboneError: nothing to choose from; numbers out of range; no width that a block could have.
    """

    name: str
    resolutions: tuple[int, ...]
    stem_stride: int
    stages: tuple[StageSpace, ...]
    heads: tuple[float, ...] = (0.0, 2.0)
    acts: tuple[str, ...] = ("relu", "hard_swish")
    widest: int = 512
    stem_kernel: int = 3

    def __post_init__(self) -> None:
        _require_choices("space", resolutions=self.resolutions, heads=self.heads, acts=self.acts)
        if not isinstance(self.stages, tuple) or not self.stages:
            raise FeatherboneError(f"the space {self.name} has no stages; it needs one or more")
        _require_range("resolutions", self.resolutions, 2, 2048)
        _require_range("widest", [self.widest], 4, WIDEST)
        _require_range("stem_stride", [self.stem_stride], 1, 8)
        Stem(width=4, kernel=self.stem_kernel)
        if not all(type(share) in (int, float) and 0 <= share <= 64 for share in self.heads):
            raise FeatherboneError(f"heads is {self.heads}; it must be numbers from 0 to 64")
        for act in self.acts:
            if act not in ACTIVATIONS:
                raise FeatherboneError(f"unknown activation {act!r} in a space", hint=did_you_mean(act, ACTIVATIONS))
        for stage in self.stages:
            for choice in stage.choices:
                stage.widths_of(choice, self.widest)

    def stem(self, width: int, act: str = "relu") -> Stem:
        """The stem of a design of this space."""
        return Stem(width=width, kernel=self.stem_kernel, stride=self.stem_stride, act=act)

    def kinds(self) -> tuple[str, ...]:
        """The kinds of block that it knows, in alphabetical order."""
        return tuple(sorted({choice.kind for stage in self.stages for choice in stage.choices}))

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values, to be kept with a run and compared when it is resumed."""
        return write_value(self)


def block_of(text: str, *, se: bool = False, stride: int = 1) -> Stage:
    """The stage that a block's text in a space stands for, at its smallest width.

    >>> block_of("fire t4 k5").width, block_of("fire t4 k5").kernel
    (4, 5)

    Raises:
        FeatherboneError: an unknown kind or setting, or one that the space chooses itself (width, depth, stride, se).
    """
    name, *words = text.split() or [""]
    chosen = kind(name)
    settings = stage_settings(name, words)
    taken = [word for word in ("width", "depth", "stride", "se", "act") if word in settings]
    if taken:
        raise FeatherboneError(
            f"the block {text!r} says its {taken[0]}, which is a choice of the space itself",
            hint="a block has kind, kernel (k5), ratio (t4) and groups (g2) only",
        )
    width = chosen.multiple(settings.get("ratio", 1), settings.get("groups", 1))
    return Stage(kind=name, width=width, stride=stride, se=se, **settings)


def _require_choices(where: str, **values: Any) -> None:
    for name, choices in values.items():
        if not isinstance(choices, tuple) or not choices:
            raise FeatherboneError(f"the {name} of a {where} are {choices!r}; there must be one or more")
        if len(set(choices)) < len(choices):
            raise FeatherboneError(f"the {name} of a {where} name one value twice: {choices!r}")


def _require_range(name: str, values: Iterable[Any], least: int, most: int) -> None:
    for value in values:
        if type(value) is not int or not least <= value <= most:
            raise FeatherboneError(f"{name} has {value!r}; it must be a whole number from {least} to {most}")
