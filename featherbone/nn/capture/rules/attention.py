"""Attention and embeddings."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from math import prod
from typing import Any

import torch
from torch.nn import functional

from featherbone.nn.capture.call_arguments import ModelError, noted
from featherbone.nn.capture.calls import Rule
from featherbone.nn.capture.rules.layout import is_apart
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer

MULTI_HEAD = signature(functional.multi_head_attention_forward)
MULTI_HEAD_WEIGHTS = (
    *("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias"),
    *("bias_k", "bias_v", "out_proj_weight", "out_proj_bias"),
)


def scaled_dot_product(
    tracer: Tracer, query: Any, key: Any, value: Any, attn_mask: Any = None, *args: Any, **settings: Any
) -> Traced:
    """Scores of every query with every key, then their mean of the values: L·S·E + L·S·V for each head."""
    full = (*query.shape[:-1], value.shape[-1])
    macs = prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])
    made = tracer.opaque("attention", (query, key, value, attn_mask), full, macs=macs)
    # The fused kernel of CPUs takes heads whose features lie side by side; others are two products of matrices.
    unfused = len(query.shape) != 4 or any(map(is_apart, (query, key, value)))
    return noted(made, rows=prod(query.shape[:-1]), keys=key.shape[-2], unfused=int(unfused))


def kernel_macs(query: Any, key: Any, value: Any, *args: Any, **settings: Any) -> int:
    """The multiply-adds of aten's own forms of attention, which return more than what attention writes."""
    return int(prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1]))


def flexible(tracer: Tracer, query: Any, key: Any, value: Any, *args: Any, **settings: Any) -> tuple[Traced, ...]:
    """FlexAttention: every query with every key, also where its mask leaves blocks out, as masks are counted nowhere.

    Beside the mean it returns the logarithm of the scores' sum and the largest score of every query.
    """
    made = scaled_dot_product(tracer, query, key, value)
    rest = query.shape[:-1]
    return made, *(tracer.opaque("attention_scores", (made,), rest, moves=True, dtype=torch.float32) for _ in range(2))


def multi_head(tracer: Tracer, query: Any, *args: Any, **settings: Any) -> Any:
    """nn.MultiheadAttention as one operator: three projections in, scores, mean of values, one projection out."""
    bound = MULTI_HEAD.bind(query, *args, **settings)
    bound.apply_defaults()
    given = bound.arguments
    key, value, heads = given["key"], given["value"], given["num_heads"]
    mask, padding = given["attn_mask"], given["key_padding_mask"]
    length, width = query.shape[0], query.shape[-1]
    batch = query.shape[1] if len(query.shape) == 3 else 1
    reach = key.shape[0]
    macs = batch * width * (2 * length * width + reach * (key.shape[-1] + value.shape[-1]))
    seen = reach + (given["bias_k"] is not None) + bool(given["add_zero_attn"])
    macs += 2 * batch * length * seen * width
    weights = [given[name] for name in MULTI_HEAD_WEIGHTS]
    tensors = (query, *(t for t in (key, value) if t is not query), mask, padding, *weights)
    masked = 0 if mask is None else prod(mask.shape)
    if padding is not None:  # joined to the other mask, for every head
        masked = batch * heads * seen * (1 if mask is None else length)
    made = noted(
        tracer.opaque("multihead_attention", tensors, query.shape, macs=macs),
        batch=batch,
        queries=length,
        keys=reach,
        seen=seen,
        width=width,
        heads=heads,
        key_width=key.shape[-1],
        value_width=value.shape[-1],
        bias=int(given["in_proj_bias"] is not None),
        weights_wanted=int(given["need_weights"]),
        masked=masked,
    )
    if not given["need_weights"]:
        return made, None
    each = () if given["average_attn_weights"] else (heads,)
    full = (*((batch,) if len(query.shape) == 3 else ()), *each, length, seen)
    return made, tracer.opaque("attention_scores", (made,), full, moves=True)


def embedding(tracer: Tracer, input: Any, weight: Any, *args: Any, **settings: Any) -> Traced:
    if input.dtype.is_floating_point:
        raise ModelError(
            f"an embedding in {tracer.place or 'the model'} takes whole numbers and is given {input.dtype}",
            hint="give whole numbers: --input 128:int64, or in Python featherbone.profile(model, inputs=['128:int64'])",
        )
    return tracer.opaque("embedding", (input, weight), (*input.shape, weight.shape[-1]), dtype=weight.dtype)


def native_embedding(tracer: Tracer, weight: Any, indices: Any, *args: Any, **settings: Any) -> Traced:
    return embedding(tracer, indices, weight)


KERNELS: dict[str, Callable[..., int]] = {
    f"_scaled_dot_product_{name}": kernel_macs
    for name in (
        "flash_attention_for_cpu",
        "flash_attention",
        "efficient_attention",
        "cudnn_attention",
        "fused_attention_overrideable",
    )
}
"""Multiply-adds of what takes the general way otherwise."""

RULES: dict[str, Rule] = {
    "scaled_dot_product_attention": scaled_dot_product,
    "flex_attention": flexible,
    "multi_head_attention_forward": multi_head,
    "embedding": embedding,
    "native embedding": native_embedding,
}
