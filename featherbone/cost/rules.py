"""What one operator costs under a convention: its parameters, its multiply-adds, the activations it writes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from featherbone.cost.convention import Charge, Convention, Rate
from featherbone.cost.seen import Seen, as_module
from featherbone.graph import Dim, Shape
from featherbone.graph.called import Called
from featherbone.graph.dimension import divide, volume
from featherbone.graph.operators import (
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    GlobalPool,
    Input,
    Linear,
    Opaque,
    Operator,
    Resize,
)

FREE = Charge()
LAYERS = {
    "linear": "linear",
    **{f"conv{rank}d": "conv" for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": "conv_transpose" for rank in (1, 2, 3)},
}
"""What an operator outside the vocabulary is, where only its input or its weights keep it out: tokens, made weights."""


def kind_of(operator: Operator) -> str:
    """The kind of an operator; of one outside the vocabulary the layer that it is, where it is one."""
    return LAYERS.get(operator.label, operator.kind) if isinstance(operator, Opaque) else operator.kind


def parameters(operator: Operator, inputs: tuple[Shape, ...], convention: Convention) -> Dim:
    """The elements of its trained tensors that the convention counts."""
    if isinstance(operator, BatchNorm) and not convention.norm_parameters:
        return 0
    weights: Any = 0
    for name, shape in operator.parameters(*inputs).items():
        if name != "bias" or convention.biases or operator.kind not in ("conv", "conv_transpose", "linear"):
            weights = weights + volume(shape)
    return weights


def multiply_adds(
    operator: Operator,
    inputs: tuple[Shape, ...],
    output: Shape,
    convention: Convention,
    called: Called | None = None,
) -> Dim:
    """Its own products, its bias where that is charged, and whatever else the convention charges.

    ``called`` is how a module called it; without, it is taken for the layer of torch.nn that computes it.
    """
    if convention.rule is not None:
        if isinstance(operator, Input):
            return 0
        seen = Seen(
            operator=operator,
            inputs=inputs,
            output=output,
            called=called or as_module(operator, output),
            products=_products(operator, inputs, output),
        )
        tooled: Dim = convention.rule(seen)
        return tooled
    macs: Any = _products(operator, inputs, output) if _counts_products(operator, convention) else 0
    if (convention.conv_bias or convention.linear_bias) and _bias_charged(operator, convention):
        macs = macs + volume(output)
    if not convention.charges:
        return macs
    charge = _charge(operator, convention)
    return macs if charge is FREE else _whole(macs + _extra(charge, operator, inputs, output))


def activations(operator: Operator, output: Shape, convention: Convention) -> Dim:
    """The elements written, for the operators whose results the convention calls activations."""
    wanted = convention.activations
    if isinstance(operator, Input) if wanted is None else kind_of(operator) not in wanted:
        return 0
    return volume(output)


def _counts_products(operator: Operator, convention: Convention) -> bool:
    return isinstance(operator, Opaque) or operator.kind in convention.multiply_adds


def _products(operator: Operator, inputs: tuple[Shape, ...], output: Shape) -> Any:
    if isinstance(operator, Conv):
        return volume(output) * _fan(operator, inputs)
    if isinstance(operator, ConvTranspose):
        made: Any = divide(operator.out_channels, operator.groups)
        return volume(inputs[0]) * made * volume(operator.kernel)
    if isinstance(operator, Linear):
        return volume(output) * inputs[0][0]
    return operator.macs or 0 if isinstance(operator, Opaque) else 0


def _bias_charged(operator: Operator, convention: Convention) -> bool:
    if isinstance(operator, Opaque):
        return convention.linear_bias and operator.label == "linear" and "bias" in dict(operator.weights)
    wanted = convention.linear_bias if isinstance(operator, Linear) else convention.conv_bias
    return wanted and bool(getattr(operator, "bias", False))


def _charge(operator: Operator, convention: Convention) -> Charge:
    charges = convention.charges
    return charges.get(f"{operator.kind}:{variety(operator)}") or charges.get(operator.kind, FREE)


def variety(operator: Operator) -> str:
    """What tells operators of one kind apart: a function, a label, a mode; empty for most kinds."""
    if isinstance(operator, Activation):
        return operator.function
    if isinstance(operator, Opaque):
        return operator.label
    if isinstance(operator, GlobalPool):
        return operator.reduce
    return operator.mode if isinstance(operator, Resize) else ""


def _extra(charge: Charge, operator: Operator, inputs: tuple[Shape, ...], output: Shape) -> Any:
    amounts: tuple[tuple[Rate, Callable[[], Any]], ...] = (
        (charge.written, lambda: volume(output)),
        (charge.read, lambda: _read(inputs)),
        (charge.window, lambda: volume(output) * _window(operator, inputs)),
        (charge.unbiased, lambda: _unbiased(operator, inputs)),
    )
    return sum((_times(rate, amount()) for rate, amount in amounts if rate), start=0)


def _read(inputs: tuple[Shape, ...]) -> Any:
    return sum((volume(shape) for shape in inputs), start=0)


def _fan(operator: Conv, inputs: tuple[Shape, ...]) -> Any:
    fan: Any = divide(inputs[0][0], operator.groups)
    return fan * volume(operator.kernel)


def _unbiased(operator: Operator, inputs: tuple[Shape, ...]) -> Any:
    if isinstance(operator, Conv) and not operator.bias:
        fan: Any = divide(inputs[0][0], operator.groups)
        return operator.out_channels * fan
    if isinstance(operator, Linear) and not operator.bias:
        return operator.out_features
    return 0


def _window(operator: Operator, inputs: tuple[Shape, ...]) -> Any:
    if isinstance(operator, GlobalPool):
        return volume(inputs[0][1:])
    return volume(getattr(operator, "kernel", ()))


def _times(rate: int | Fraction, amount: Any) -> Any:
    if isinstance(rate, int) or type(amount) is int:
        return rate * amount
    return amount * rate.numerator / rate.denominator


def _whole(value: Any) -> Dim:
    """Half multiply-adds (FLOPs / 2) are rounded to the nearest whole one."""
    return round(value) if isinstance(value, Fraction) else value
