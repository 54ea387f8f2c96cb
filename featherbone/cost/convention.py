"""What a multiply-add is: the counting convention, as data.

Tools print different numbers for one network because they charge different operators. A ``Convention`` says, operator
by operator, what is charged; ``PAPERS`` is what the papers of the field count, and the default everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias

from featherbone.cost.seen import Seen

Rate: TypeAlias = "int | Fraction"

WEIGHTED = frozenset({"conv", "conv_transpose", "linear"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """MACs of one operator, beside its own products.

    >>> Charge(written=2).written
    2

    Fields:
        written, read: for each element that it writes, or reads.
        window: for each element of each pooling window.
        unbiased: for each pair of a channel in and a channel out of a convolution without a bias, and for each output
            of a linear layer without one: some tools take one addition off a sum that starts with no bias.
    """

    written: Rate = 0
    read: Rate = 0
    window: Rate = 0
    unbiased: Rate = 0


@dataclass(frozen=True, kw_only=True)
class Convention:
    """Which operators cost multiply-adds, which weights count, which tensors are activations.

    >>> Convention(name="with biases", conv_bias=True, linear_bias=True).conv_bias
    True

    Fields:
        multiply_adds: kinds whose own products are charged: convolution K·K·M/G and linear M for each element written.
        conv_bias, linear_bias: one more for each element written, where the operator has a bias.
        charges: MACs by operator kind (``batch_norm``, ``activation``, ``add``, …), beside the products. One variety
            of a kind is ``activation:sigmoid``, ``global_pool:max``, ``resize:bilinear`` or ``opaque:layer_norm``.
        rule: what one operator costs, in place of the switches above: tools charge by how a model calls an operator,
            which no switch says. See ``featherbone.cost.tools``.
        norm_parameters: whether scales and shifts of batch norms are parameters.
        biases: whether biases of convolutions and linear layers are parameters.
        activations: kinds whose written elements are ``activations``; ``None`` is every operator but the input.

    FLOPs are 2 × MACs. Activations follow Radosavovic et al. (arXiv:2003.13678, section 3.2): what convolutions write;
    linear layers are added to them.
    """

    name: str
    multiply_adds: frozenset[str] = WEIGHTED
    conv_bias: bool = False
    linear_bias: bool = False
    charges: Mapping[str, Charge] = field(default_factory=lambda: MappingProxyType({}))
    rule: Callable[[Seen], Any] | None = None
    norm_parameters: bool = True
    biases: bool = True
    activations: frozenset[str] | None = WEIGHTED


PAPERS = Convention(name="papers")
"""Multiply-adds of convolutions and linear layers; biases, norms, activations, pooling and adds are free."""
