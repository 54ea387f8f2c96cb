"""What one operator costs under a convention: its parameters, its multiply-adds, the activations it writes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from featherbone.cost.convention import Charge, Convention
from featherbone.graph import Dim, Shape
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
)

FREE = Charge()


def parameters(operator: Operator, inputs: tuple[Shape, ...], convention: Convention) -> Dim:
    """The elements of its trained tensors that the convention counts."""
    if isinstance(operator, BatchNorm) and not convention.norm_parameters:
        return 0
    weights: Any = 0
    for name, shape in operator.parameters(*inputs).items():
        if name != "bias" or convention.biases or operator.kind not in ("conv", "conv_transpose", "linear"):
            weights = weights + volume(shape)
    return weights


def multiply_adds(operator: Operator, inputs: tuple[Shape, ...], output: Shape, convention: Convention) -> Dim:
    """Its own products, its bias where that is charged, and whatever else the convention charges."""
    kind, written, macs = operator.kind, volume(output), 0
    if isinstance(operator, Conv):
        if kind in convention.multiply_adds:
            fan: Any = divide(inputs[0][0], operator.groups)
            macs = written * fan * volume(operator.kernel)
        if operator.bias and convention.conv_bias:
            macs = macs + written
    elif isinstance(operator, ConvTranspose):
        if kind in convention.multiply_adds:
            made: Any = divide(operator.out_channels, operator.groups)
            macs = volume(inputs[0]) * made * volume(operator.kernel)
        if operator.bias and convention.conv_bias:
            macs = macs + written
    elif isinstance(operator, Linear):
        if kind in convention.multiply_adds:
            macs = written * inputs[0][0]
        if operator.bias and convention.linear_bias:
            macs = macs + written
    elif isinstance(operator, Opaque) and operator.macs is not None:
        macs = operator.macs
    if not convention.charges:
        return macs
    charge = _charge(operator, convention)
    read = sum((volume(shape) for shape in inputs), start=0)
    extra = _times(charge.written, written) + _times(charge.read, read)
    if charge.window:
        extra = extra + _times(charge.window, written * _window(operator, inputs))
    if charge.unbiased:
        extra = extra + _times(charge.unbiased, _unbiased(operator, inputs))
    return _whole(macs + extra)


def activations(operator: Operator, output: Shape, convention: Convention) -> Dim:
    """The elements written, for the operators whose results the convention calls activations."""
    wanted = convention.activations
    if isinstance(operator, Input) if wanted is None else operator.kind not in wanted:
        return 0
    return volume(output)


def _charge(operator: Operator, convention: Convention) -> Charge:
    charges = convention.charges
    if isinstance(operator, Activation) and (single := charges.get(f"activation:{operator.function}")):
        return single
    return charges.get(operator.kind, FREE)


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
