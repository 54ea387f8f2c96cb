"""Every factorization of the convolution, one file each: functions from a wire to a wire."""

from featherbone.blocks.asymmetric import asymmetric
from featherbone.blocks.basic import basic
from featherbone.blocks.bottleneck import bottleneck
from featherbone.blocks.branched import branched
from featherbone.blocks.depthwise_separable import depthwise_separable
from featherbone.blocks.fire import fire
from featherbone.blocks.ghost import ghost
from featherbone.blocks.ghost_bottleneck import ghost_bottleneck
from featherbone.blocks.grouped import grouped
from featherbone.blocks.inverted_residual import inverted_residual
from featherbone.blocks.mobile_one import mobile_one
from featherbone.blocks.registry import BLOCKS, Block, block
from featherbone.blocks.rep_ghost import rep_ghost
from featherbone.blocks.resnext import resnext
from featherbone.blocks.separable import separable
from featherbone.blocks.shortcut import residual
from featherbone.blocks.shufflenet import shuffle_unit
from featherbone.blocks.shufflenet_v2 import shuffle_unit_v2
from featherbone.blocks.squeeze_excitation import excited, squeeze_excitation
from featherbone.blocks.stacked import stacked
from featherbone.blocks.standard import standard
from featherbone.blocks.two_stage_squeeze import two_stage_squeeze
from featherbone.blocks.unit import unit
from featherbone.blocks.universal_bottleneck import universal_bottleneck

__all__ = [
    "BLOCKS",
    "Block",
    "asymmetric",
    "basic",
    "block",
    "bottleneck",
    "branched",
    "depthwise_separable",
    "excited",
    "fire",
    "ghost",
    "ghost_bottleneck",
    "grouped",
    "inverted_residual",
    "mobile_one",
    "rep_ghost",
    "residual",
    "resnext",
    "separable",
    "shuffle_unit",
    "shuffle_unit_v2",
    "squeeze_excitation",
    "stacked",
    "standard",
    "two_stage_squeeze",
    "unit",
    "universal_bottleneck",
]
