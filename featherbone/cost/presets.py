"""The counting conventions of other tools, so that their figures can be compared with ours.

Each is read from the tool's source and checked against figures that it printed: ``benchmarks/peers`` runs the tools.
What a profiler charges is in ``featherbone.cost.tools``, one file a tool.
"""

from __future__ import annotations

from fractions import Fraction
from types import MappingProxyType

from featherbone.cost.convention import PAPERS, Charge, Convention
from featherbone.cost.tools.dispatched import ptflops_aten, torch
from featherbone.cost.tools.fvcore import fvcore
from featherbone.cost.tools.ptflops import ptflops
from featherbone.cost.tools.replaced import calflops, deepspeed
from featherbone.cost.tools.thop import thop
from featherbone.cost.tools.torchinfo import torchinfo
from featherbone.errors import FeatherboneError, did_you_mean

HALF = Fraction(1, 2)  # pytorchcv's README divides FLOPs by two

FVCORE = Convention(name="fvcore", rule=fvcore)
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

CONVENTIONS = {
    convention.name: convention
    for convention in (
        PAPERS,
        FVCORE,
        Convention(name="ptflops", rule=ptflops),
        Convention(name="ptflops-aten", rule=ptflops_aten),
        Convention(name="thop", rule=thop),
        Convention(name="torchinfo", rule=torchinfo),
        Convention(name="calflops", rule=calflops),
        Convention(name="deepspeed", rule=deepspeed),
        Convention(name="torch", rule=torch),
        PYTORCHCV,
    )
}


def convention_named(name: str) -> Convention:
    """The preset of this name.

    >>> convention_named("fvcore").name
    'fvcore'

    Raises FeatherboneError for any other, with the nearest.
    """
    if name not in CONVENTIONS:
        raise FeatherboneError(f"unknown convention {name!r}", hint=did_you_mean(name, CONVENTIONS))
    return CONVENTIONS[name]
