"""The counting conventions of other tools, so that their figures can be compared with ours.

Each is read from the tool's source and checked against figures that it printed.
"""

from __future__ import annotations

from fractions import Fraction
from types import MappingProxyType

from featherbone.cost.convention import PAPERS, Charge, Convention

FVCORE = Convention(
    name="fvcore",
    charges=MappingProxyType({"batch_norm": Charge(read=2), "global_pool": Charge(read=1)}),
)
"""fvcore, and timm's tables, which come from it: 2 for each element of a batch norm, 1 for each that is averaged."""

HALF = Fraction(1, 2)  # pytorchcv's README divides FLOPs by two

PYTORCHCV = Convention(
    name="pytorchcv",
    charges=MappingProxyType(
        {
            "conv": Charge(unbiased=-HALF),
            "linear": Charge(unbiased=-HALF),
            "batch_norm": Charge(read=2),
            "activation": Charge(read=HALF),
            "activation:sigmoid": Charge(read=2),
            "activation:hard_swish": Charge(read=1),
            "activation:silu": Charge(read=5 * HALF),
            "max_pool": Charge(window=HALF),
            "avg_pool": Charge(window=HALF),
            "global_pool": Charge(read=HALF),
            "channel_shuffle": Charge(read=HALF),
        }
    ),
)
"""pytorchcv's README: FLOPs / 2, with norms, activations and pooling."""

CONVENTIONS = {convention.name: convention for convention in (PAPERS, FVCORE, PYTORCHCV)}
