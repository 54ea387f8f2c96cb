"""Every block by name, with the symbols in which its closed form is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any

from featherbone.blocks.asymmetric import asymmetric
from featherbone.blocks.basic import basic
from featherbone.blocks.bottleneck import bottleneck
from featherbone.blocks.branched import branched
from featherbone.blocks.depthwise_separable import depthwise_separable
from featherbone.blocks.fire import fire
from featherbone.blocks.ghost import ghost
from featherbone.blocks.grouped import grouped
from featherbone.blocks.inverted_residual import inverted_residual
from featherbone.blocks.mobile_one import mobile_one
from featherbone.blocks.rep_ghost import rep_ghost
from featherbone.blocks.resnext import resnext
from featherbone.blocks.separable import separable
from featherbone.blocks.shufflenet import shuffle_unit
from featherbone.blocks.shufflenet_v2 import shuffle_unit_v2
from featherbone.blocks.squeeze_excitation import squeeze_excitation
from featherbone.blocks.stacked import stacked
from featherbone.blocks.standard import standard
from featherbone.blocks.two_stage_squeeze import two_stage_squeeze
from featherbone.blocks.universal_bottleneck import universal_bottleneck
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph import Wire, image


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block function, and how its arguments are called in formulas.

    >>> BLOCKS["fire"].letters(), BLOCKS["fire"].paper[:10]
    (('M', 'N', 'I', 'K', 't', 'p'), 'SqueezeNet')

    ``symbols`` maps each symbol of the formula to the argument of ``function`` that it stands for (``"M"`` and ``"I"``,
    the input, and ``"N"``, the channels out, are always there); ``fixed`` holds arguments that the closed form assumes,
    such as no projection on the shortcut. ``keeps_channels`` marks a block that needs N = M.
    """

    name: str
    function: Callable[..., Wire]
    symbols: dict[str, str]
    fixed: dict[str, Any]
    paper: str
    keeps_channels: bool = False

    @property
    def summary(self) -> str:
        """The block's idea in one sentence: the first line of its docstring."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    def build(self, **values: Any) -> Wire:
        """The block on an image, with a number or a symbol for each letter of its formula.

        >>> BLOCKS["fire"].build(M=96, N=128, K=3, I=55, t=8, p=0.5).shape
        (128, 55, 55)
        """
        arguments = {argument: values[letter] for letter, argument in self.symbols.items()}
        if "out" in signature(self.function).parameters:
            arguments["out"] = values["M"] if self.keeps_channels else values["N"]
        return self.function(image(values["M"], values["I"]), **self.fixed, **arguments)

    def letters(self) -> tuple[str, ...]:
        """The letters of the formula, the input's first."""
        own = () if self.keeps_channels else ("N",)
        return ("M", *own, "I", *self.symbols)


_KERNEL = {"K": "kernel"}

BLOCKS: dict[str, Block] = {
    block.name: block
    for block in (
        Block(name="standard", function=standard, symbols=_KERNEL, fixed={}, paper="LeCun et al. 1998"),
        Block(
            name="grouped",
            function=grouped,
            symbols={**_KERNEL, "G": "groups"},
            fixed={},
            paper="AlexNet 2012, 3.2",
        ),
        Block(name="stacked", function=stacked, symbols=_KERNEL, fixed={}, paper="VGG arXiv:1409.1556, 2.3"),
        Block(
            name="asymmetric",
            function=asymmetric,
            symbols=_KERNEL,
            fixed={},
            paper="Rethinking Inception arXiv:1512.00567, 3.2",
        ),
        Block(
            name="fire",
            function=fire,
            symbols={**_KERNEL, "t": "squeeze", "p": "large"},
            fixed={},
            paper="SqueezeNet arXiv:1602.07360, 3.2",
        ),
        Block(
            name="basic",
            function=basic,
            symbols=_KERNEL,
            fixed={"shortcut": "none"},
            paper="ResNet arXiv:1512.03385, figure 5",
        ),
        Block(
            name="bottleneck",
            function=bottleneck,
            symbols={**_KERNEL, "t": "reduction"},
            fixed={"shortcut": "none"},
            paper="ResNet arXiv:1512.03385, figure 5",
        ),
        Block(
            name="resnext",
            function=resnext,
            symbols={**_KERNEL, "t": "reduction", "G": "groups"},
            fixed={"shortcut": "none"},
            paper="ResNeXt arXiv:1611.05431, figure 3",
        ),
        Block(
            name="depthwise_separable",
            function=depthwise_separable,
            symbols=_KERNEL,
            fixed={},
            paper="MobileNets arXiv:1704.04861, 3.1",
        ),
        Block(
            name="separable",
            function=separable,
            symbols=_KERNEL,
            fixed={"pointwise_first": True},
            paper="Xception arXiv:1610.02357, 2",
        ),
        Block(
            name="shuffle_unit",
            function=shuffle_unit,
            symbols={**_KERNEL, "t": "reduction", "G": "groups"},
            fixed={"shortcut": False},
            paper="ShuffleNet arXiv:1707.01083, figure 2",
        ),
        Block(
            name="shuffle_unit_v2",
            function=shuffle_unit_v2,
            symbols=_KERNEL,
            fixed={},
            paper="ShuffleNetV2 arXiv:1807.11164, figure 3",
            keeps_channels=True,
        ),
        Block(
            name="inverted_residual",
            function=inverted_residual,
            symbols={**_KERNEL, "t": "expand"},
            fixed={"shortcut": False},
            paper="MobileNetV2 arXiv:1801.04381, 3.3",
        ),
        Block(
            name="universal_bottleneck",
            function=universal_bottleneck,
            symbols={**_KERNEL, "S": "start", "t": "expand"},
            fixed={"shortcut": False},
            paper="MobileNetV4 arXiv:2404.10518, UIB",
        ),
        Block(
            name="two_stage_squeeze",
            function=two_stage_squeeze,
            symbols={**_KERNEL, "t": "reduction"},
            fixed={"shortcut": "none"},
            paper="SqueezeNext arXiv:1803.10615, 2",
        ),
        Block(
            name="ghost",
            function=ghost,
            symbols={**_KERNEL, "t": "ratio"},
            fixed={},
            paper="GhostNet arXiv:1911.11907, 3.1",
        ),
        Block(
            name="rep_ghost",
            function=rep_ghost,
            symbols=_KERNEL,
            fixed={"merged": True},
            paper="RepGhost arXiv:2211.06088, 3.3",
        ),
        Block(
            name="branched",
            function=branched,
            symbols={**_KERNEL, "G": "groups"},
            fixed={"merged": True},  # as papers count it; in training M = N has a norm more
            paper="RepVGG arXiv:2101.03697, 3.3",
        ),
        Block(
            name="mobile_one",
            function=mobile_one,
            symbols=_KERNEL,
            fixed={"merged": True},
            paper="MobileOne arXiv:2206.04040, 3.2",
        ),
        Block(
            name="squeeze_excitation",
            function=squeeze_excitation,
            symbols={"t": "reduction"},
            fixed={},
            paper="SENet arXiv:1709.01507, 3",
            keeps_channels=True,
        ),
    )
}


def block(name: str) -> Block:
    """A block by name; FeatherboneError with the closest name where there is none.

    >>> block("fire").letters()
    ('M', 'N', 'I', 'K', 't', 'p')
    """
    if name not in BLOCKS:
        raise FeatherboneError(f"unknown block {name!r}", hint=did_you_mean(name, BLOCKS))
    return BLOCKS[name]
