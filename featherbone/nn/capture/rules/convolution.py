"""Convolutions, transposed ones and linear layers, with the multiply-adds that they have."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

from featherbone.graph.dimension import volume
from featherbone.graph.operators import Conv, ConvTranspose, Linear
from featherbone.graph.operators.window import Padding, Sides
from featherbone.nn.capture.call_arguments import ModelError, is_batched, noted, sides
from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.rules.layout import is_strided
from featherbone.nn.capture.rules.padding import absorbed
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer


def convolution(
    tracer: Tracer,
    input: Traced,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Traced:
    shape = tracer.size_of(weight)
    rank = len(shape) - 2
    if type(input) is not Traced or len(input._size) not in (rank + 1, rank + 2):
        raise NoRule
    size, stride, dilation = input._size, sides(stride, rank), sides(dilation, rank)
    pads = _padding(padding if type(padding) is str else sides(padding, rank), shape, dilation)
    batched = len(size) == rank + 2
    channels = size[-rank - 1]
    if channels != shape[1] * groups:
        raise ModelError(
            f"a convolution in {tracer.place or 'the model'} takes {shape[1] * groups} channels and is given {channels}"
        )
    source, pads = absorbed(input, pads, 0.0) if batched else (input, pads)
    operator, sized, macs = _made(source._size, shape, stride, pads, dilation, groups, bias is not None)
    lead = size[0] if batched else 1
    own = _own(tracer, weight, bias)
    if own is not None and batched and lead == 1 and source.entry is not None:
        made = tracer.emit(operator, (source,), "conv", weights=own, macs=macs, full=sized)
        return noted(made, padded_by_name=1) if type(padding) is str else made
    full = (lead, *sized[1:]) if batched else sized[1:]
    made = tracer.opaque(f"conv{rank}d", (source, weight, bias), full, macs=lead * macs)
    return noted(made, bias=int(bias is not None), padded_by_name=int(type(padding) is str))


@lru_cache(maxsize=4096)  # a network repeats its layers, and people profile a network more than once
def _made(
    full: tuple[int, ...],
    weight: tuple[int, ...],
    stride: Sides,
    padding: Padding,
    dilation: Sides,
    groups: int,
    bias: bool,
) -> tuple[Conv, tuple[int, ...], int]:
    """The checked operator on a map of this size, what it writes for a batch of one, and its multiply-adds for that."""
    size, kernel = tuple(full[-len(weight) + 1 :]), weight[2:]
    operator = Conv(
        out_channels=weight[0],
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=bias,
    )
    operator.check()
    made: Any = operator.output(size)
    macs: Any = prod(made) * (size[0] // groups) * volume(kernel)
    return operator, (1, *made), macs


def transposed(
    tracer: Tracer,
    input: Traced,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Traced:
    shape = tuple(weight.shape)
    rank = len(shape) - 2
    if type(input) is not Traced or len(input.shape) != rank + 2:
        raise NoRule
    operator = ConvTranspose(
        out_channels=shape[1] * groups,
        kernel=shape[2:],
        stride=sides(stride, rank),
        padding=sides(padding, rank),
        output_padding=sides(output_padding, rank),
        dilation=sides(dilation, rank),
        groups=groups,
        bias=bias is not None,
    )
    if input.shape[1] != shape[0]:
        raise ModelError(
            f"a transposed convolution in {tracer.place or 'the model'} takes {shape[0]} channels "
            f"and is given {input.shape[1]}"
        )
    macs = prod(input.shape) * prod(shape[1:])
    own = _own(tracer, weight, bias)
    if own is not None and is_batched(input):
        return tracer.emit(operator, (input,), "conv_transpose", weights=own, macs=macs)
    made: Any = operator.output(tuple(input.shape[1:]))
    full = (input.shape[0], *made)
    return noted(
        tracer.opaque(f"conv_transpose{rank}d", (input, weight, bias), full, macs=macs), bias=int(bias is not None)
    )


def kernel_convolution(
    tracer: Tracer,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed_: bool,
    output_padding: Any,
    groups: int,
    *flags: Any,
) -> Traced:
    """aten's own form, which every convolution ends in."""
    if transposed_:
        return transposed(tracer, input, weight, bias, stride, padding, output_padding, groups, dilation)
    return convolution(tracer, input, weight, bias, stride, padding, dilation, groups)


def linear(tracer: Tracer, input: Any, weight: Any, bias: Any = None) -> Traced:
    shape, size = tracer.size_of(weight), tracer.size_of(input)
    if size[-1] != shape[-1]:
        raise ModelError(
            f"a linear layer in {tracer.place or 'the model'} takes {shape[-1]} features and is given {size[-1]}"
        )
    full = (*size[:-1], *shape[:-1])
    macs = prod(full) * shape[-1]
    own = _own(tracer, weight, bias)
    if own is not None and len(size) == 2 and is_batched(input):
        operator = Linear(out_features=shape[0], bias=bias is not None)
        return tracer.emit(operator, (input,), "linear", weights=own, macs=macs)
    made = tracer.opaque("linear", (input, weight, bias), full, macs=macs)
    return noted(made, bias=int(bias is not None), strided=int(is_strided(input)))


def _own(tracer: Tracer, weight: Any, bias: Any) -> tuple[str, ...] | None:
    """The names of weight and bias where both are parameters as they stand in the model; else ``None``."""
    name = tracer.parameter(weight)
    if name is None:
        return None
    if bias is None:
        return (name,)
    second = tracer.parameter(bias)
    return None if second is None else (name, second)


@lru_cache(maxsize=4096)
def _padding(padding: Any, weight: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    kernel = weight[2:]
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        totals = [spread * (side - 1) for side, spread in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    return tuple((edge, edge) for edge in padding)
