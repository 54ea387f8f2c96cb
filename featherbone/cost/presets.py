"""The counting conventions of other tools, so that their figures can be compared with ours.

Each is read from the tool's source and checked against figures that it printed: ``benchmarks/peers`` runs the tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

from featherbone.cost.convention import PAPERS, Charge, Convention
from featherbone.errors import FeatherboneError, did_you_mean

HALF = Fraction(1, 2)  # pytorchcv's README divides FLOPs by two
NOTHING: frozenset[str] = frozenset()
PLAIN = frozenset({"conv1d", "conv2d", "conv3d", "linear"})
ATTENTION = "opaque:multihead_attention"  # some tools see its projections alone
TRANSPOSED = frozenset({"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"})


def _charges(charges: Mapping[str, Charge]) -> Mapping[str, Charge]:
    return MappingProxyType(dict(charges))


def _norms(charge: Charge) -> dict[str, Charge]:
    return {f"opaque:{label}": charge for label in ("layer_norm", "group_norm", "instance_norm")}


FVCORE = Convention(
    name="fvcore",
    opaque=PLAIN | TRANSPOSED | {"matmul", "einsum"},
    charges=_charges(
        {
            "batch_norm": Charge(read=1, scaled=1),
            "global_pool:avg": Charge(read=1),
            "resize:nearest": Charge(written=1),
            "resize:bilinear": Charge(written=4),
            **_norms(Charge(read=4, scaled=1)),
            ATTENTION: Charge(fan=1),
        }
    ),
)
"""fvcore 0.1.5, and timm's tables, which come from it: 2 an element of a batch norm, 1 for each that is averaged."""

_ONCE, _TWICE = Charge(read=1), Charge(read=2)

PTFLOPS = Convention(
    name="ptflops",
    conv_bias=True,
    linear_bias=True,
    opaque=PLAIN | TRANSPOSED | {"multihead_attention"},
    charges=_charges(
        {
            "batch_norm": Charge(read=1, scaled=1),
            "activation:relu": _TWICE,
            "activation:elu": _TWICE,
            "activation:gelu": _TWICE,
            "activation:relu6": _ONCE,
            "activation:leaky_relu": _ONCE,
            "activation:silu": _ONCE,
            "max_pool": _TWICE,
            "avg_pool": _TWICE,
            "global_pool": _TWICE,
            "resize": Charge(written=2),
            "opaque:softmax": _ONCE,
            **_norms(Charge(read=1, scaled=1)),
            "opaque:layer_norm": _ONCE,
            ATTENTION: Charge(written=5),
        }
    ),
    functions=Convention(
        name="ptflops",
        multiply_adds=NOTHING,
        opaque=NOTHING,
        charges=_charges(
            {
                **{f"activation:{name}": _ONCE for name in ("relu", "relu6", "elu", "gelu", "silu")},
                **dict.fromkeys(("max_pool", "avg_pool", "global_pool", "opaque:softmax"), _ONCE),
                "resize": Charge(written=1),
            }
        ),
    ),
)
"""ptflops 0.7, back end pytorch: biases, norms, activations and pooling.

It counts modules and functions, so that a module that calls such a function is counted as both.
"""

PTFLOPS_ATEN = replace(
    PAPERS,
    name="ptflops-aten",
    conv_bias=True,
    linear_bias=True,
    opaque=PLAIN | TRANSPOSED | {"matmul", "einsum", "attention"},
    charges=_charges({ATTENTION: Charge(fan=1, written=4)}),
)
"""ptflops 0.7, back end aten: products and biases."""

THOP = Convention(
    name="thop",
    multiply_adds=frozenset({"conv", "linear"}),
    opaque=PLAIN,
    charges=_charges(
        {
            "conv_transpose": Charge(fan=1),
            "batch_norm": Charge(read=2, scaled=2),
            "global_pool:avg": Charge(read=1, written=1),
            "avg_pool": Charge(written=1),
            "resize:nearest": Charge(written=1),
            "resize:bilinear": Charge(written=11),
            **_norms(Charge(read=2, scaled=2)),
        }
    ),
    functions=Convention(name="thop", multiply_adds=NOTHING, opaque=NOTHING),
)
"""thop 0.1.1: modules alone; 4 for each element of a norm; a transposed convolution as if it were a convolution."""

TORCHINFO = Convention(
    name="torchinfo",
    multiply_adds=frozenset({"conv", "linear"}),
    conv_bias=True,
    linear_bias=True,
    opaque=frozenset({"conv1d", "conv2d", "conv3d"}),
    charges=_charges(
        {
            "conv_transpose": Charge(fan=1),
            "batch_norm": Charge(weights=1),
            "opaque:linear": Charge(weights=1),
            **_norms(Charge(weights=1)),
        }
    ),
    functions=Convention(
        name="torchinfo", multiply_adds=NOTHING, opaque=NOTHING, charges=_charges(_norms(Charge(weights=1)))
    ),
)
"""torchinfo 1.8: modules alone; parameters times places, where only convolutions have places.

Norms called as functions stand in modules of their own, such as torchvision's LayerNorm2d, whose parameters it sees.
"""

CALFLOPS = replace(PAPERS, name="calflops", opaque=PLAIN | TRANSPOSED, charges=_charges({ATTENTION: Charge(fan=1)}))
"""calflops 0.3: the papers' convention, without products written as ``a @ b`` and without fused attention."""

DEEPSPEED = replace(
    PAPERS, name="deepspeed", opaque=PLAIN | TRANSPOSED | {"matmul", "attention", "multihead_attention"}
)
"""DeepSpeed 0.19's profiler: the papers' convention, by the functions that it wraps."""

TORCH = replace(PAPERS, name="torch", opaque=PLAIN | TRANSPOSED | {"matmul", "einsum", "attention"})
"""torch's FlopCounterMode, halved: the papers' convention."""

PYTORCHCV = Convention(
    name="pytorchcv",
    charges=_charges(
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
        PTFLOPS,
        PTFLOPS_ATEN,
        THOP,
        TORCHINFO,
        CALFLOPS,
        DEEPSPEED,
        TORCH,
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
