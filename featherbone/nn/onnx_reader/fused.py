"""``com.microsoft``: what onnxruntime's optimiser and quantizer write in the place of ONNX's own operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from featherbone.graph.operators import AvgPool, MaxPool
from featherbone.nn.capture.call_arguments import broadcast
from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.rules import combine, pooling
from featherbone.nn.capture.tracer import Tracer
from featherbone.nn.onnx_reader import products, windows
from featherbone.nn.onnx_reader.products import tensors_in

Attributes = dict[str, Any]
Operator = Callable[[Tracer, list[Any], Attributes], Any]

FREE = frozenset(
    (
        *("BifurcationDetector", "BitmaskDropout", "CropAndResize", "ExpandDims", "GatherND", "GridSample"),
        *("MaxpoolWithMask", "MurmurHash3", "Pad", "Range", "Tokenizer", "UnfoldTensor", "Unique"),
    )
)
"""Operators without a rule here that multiply nothing."""

SAME_SHAPE = (
    *("BiasAdd", "BiasGelu", "BiasSoftmax", "ComplexMul", "ComplexMulConj", "DequantizeLinear", "FastGelu", "GatedAdd"),
    *("Gelu", "GroupNorm", "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax", "QuantizeLinear", "QuickGelu"),
    *("RotaryEmbedding", "Trilu"),
)
"""They multiply nothing and write what is as large as what they read."""


def _chosen(rule: Operator, *places: int) -> Operator:
    """The rule on these inputs alone: quantized operators have a scale and a zero point behind each."""

    def answer(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
        return rule(t, [inputs[place] for place in places if place < len(inputs)], a)

    return answer


def _same_shape(label: str, outputs: int = 1) -> Operator:
    """As large as the first input; also what else it may write of that size."""

    def answer(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
        made = t.opaque(label, tensors_in(inputs), inputs[0].shape)
        return (made, *(t.opaque(f"{label}_result", (made,), made.shape, moves=True) for _ in range(outputs - 1)))

    return answer


def _skip_norm(label: str) -> Operator:
    """A norm of a sum: the norm, mean and variance of each row, and the sum."""

    def answer(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
        shape = tuple(inputs[0].shape)
        made = t.opaque(label, tensors_in(inputs), shape)
        rows = [t.opaque(f"{label}_result", (made,), (*shape[:-1], 1), moves=True) for _ in range(2)]
        return (made, *rows, t.opaque(f"{label}_result", (made,), shape, moves=True))

    return answer


def _half(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    shape = tuple(inputs[0].shape)
    return t.opaque("gated", tensors_in(inputs), (*shape[:-1], shape[-1] // 2))


def _element_wise(label: str) -> Operator:
    def answer(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
        return t.opaque(label, tensors_in(inputs), broadcast(*[tuple(value.shape) for value in inputs]))

    return answer


def _conv(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """FusedConv: a convolution, a map that is added, an activation."""
    x, weight, bias, added = [*inputs, None, None][:4]
    made = windows.conv(t, [x, weight, *([] if bias is None else [bias])], a)
    return made if added is None else combine.add(t, made, added)


def _last_conv(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    x, weight, bias, added = [*inputs, None, None][:4]
    made = windows.channels_last(windows.conv)(t, [x, weight, *([] if bias is None else [bias])], a)
    return made if added is None else combine.add(t, made, added)


def _gemm(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    return products.gemm(t, [inputs[0], inputs[3], *inputs[6:7]], a)


def _bits(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """MatMulNBits: packed weights, whose sides stand in the attributes."""
    x, columns, rows = inputs[0], int(a["K"]), int(a["N"])
    if x.shape[-1] != columns:
        raise NoRule
    return t.opaque("linear", tensors_in(inputs), (*x.shape[:-1], rows), macs=prod(x.shape[:-1]) * columns * rows)


def _packed_rows(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """GatherBlockQuantized: rows of a table of few bits, by numbers."""
    table, rows, axis = inputs[0].shape, inputs[1].shape, int(a.get("gather_axis", 0)) % len(inputs[0].shape)
    return t.opaque("embedding", tensors_in(inputs), (*table[:axis], *rows, *table[axis + 1 :]))


def _pool(kind: type[MaxPool] | type[AvgPool], *places: int) -> Operator:
    rule = _chosen(windows.pool(kind), *places)
    last = _chosen(windows.channels_last(windows.pool(kind)), *places)
    return lambda t, inputs, a: last(t, inputs, a) if a.get("channels_last", 0) else rule(t, inputs, a)


def _global_pool(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    if not a.get("channels_last", 0):
        return pooling.adaptive("avg")(t, inputs[0], 1)
    shape = tuple(inputs[0].shape)
    return t.opaque("pool", (inputs[0],), (shape[0], *[1] * (len(shape) - 2), shape[-1]))


def _mean(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    return pooling.reduction("mean", "avg")(t, inputs[0], list(a["axes"]), keepdim=bool(a.get("keepdims", 1)))


def _concat(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    return combine.concat(t, inputs[2::3], a["axis"])


def _projected(past: int) -> Operator:
    """Attention with its projections: queries, keys and values by one weight, then the products of each head."""

    def answer(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
        x, weight = inputs[:2]
        batch, length, width = x.shape
        total = weight.shape[1]
        sizes = [int(size) for size in a.get("qkv_hidden_sizes", [total // 3] * 3)]
        before = inputs[past] if len(inputs) > past else None
        reach = length + (0 if before is None else before.shape[3])
        macs = batch * length * (width * total + reach * (sizes[0] + sizes[2]))
        return t.opaque("attention", tensors_in(inputs), (batch, length, sizes[2]), macs=macs)

    return answer


def _multi_head(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """MultiHeadAttention: the products alone; queries, keys and values may stand in one tensor."""
    query, key, value, _, _, _, past = [*inputs, *[None] * 7][:7]
    batch, length = query.shape[:2]
    width = query.shape[2] if len(query.shape) == 3 else query.shape[2] * query.shape[-1]
    reach, given = length, width
    if key is not None:
        reach = key.shape[2] if len(key.shape) == 4 else key.shape[1]
        if value is not None:
            given = value.shape[1] * value.shape[3] if len(value.shape) == 4 else value.shape[2]
    reach += 0 if past is None else past.shape[2]
    return t.opaque(
        "attention", tensors_in(inputs), (batch, length, given), macs=batch * length * reach * (width + given)
    )


def _grouped(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """GroupQueryAttention: several heads of queries share keys and values."""
    query, key, _, past, *_ = [*inputs, None, None]
    heads, shared = int(a["num_heads"]), int(a["kv_num_heads"])
    batch, length = query.shape[:2]
    each = query.shape[2] // (heads if key is not None else heads + 2 * shared)
    reach = length + (0 if past is None else past.shape[2])
    macs = 2 * batch * length * reach * heads * each
    return t.opaque("attention", tensors_in(inputs), (batch, length, heads * each), macs=macs)


def _embedded(table: int) -> Operator:
    """EmbedLayerNormalization: rows of tables, added and normed; how long each text is; the sum."""

    def answer(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
        ids = inputs[0]
        full = (*ids.shape, inputs[table].shape[1])
        made = t.opaque("embedding", tensors_in(inputs), full)
        lengths = t.opaque("embedding_result", (made,), full[:1], moves=True)
        return (made, lengths, t.opaque("embedding_result", (made,), full, moves=True))

    return answer


def _recurrent(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """DynamicQuantizeLSTM: weights lie as (directions, inputs, 4·hidden)."""
    x, w, r = inputs[:3]
    steps, batch = x.shape[:2]
    directions, hidden = r.shape[0], r.shape[1]
    full = (steps, directions, batch, hidden)
    made = t.opaque("lstm", tensors_in(inputs), full, macs=steps * batch * (prod(w.shape) + prod(r.shape)))
    return (made, *(t.opaque("lstm_state", (made,), full[1:], moves=True) for _ in range(2)))


def _all(rule: Operator, names: Sequence[str]) -> dict[str, Operator]:
    return dict.fromkeys(names, rule)


OPERATORS: dict[str, Operator] = {
    "FusedConv": _conv,
    **_all(_last_conv, ("NhwcConv", "NhwcFusedConv")),
    "QLinearConv": windows.quantized_conv,
    "NhwcMaxPool": windows.channels_last(windows.pool(MaxPool)),
    "QLinearAveragePool": _pool(AvgPool, 0),
    "QLinearGlobalAveragePool": _global_pool,
    "QLinearReduceMean": _mean,
    "QLinearConcat": _concat,
    **_all(products.turned_matmul, ("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation")),
    **_all(_chosen(products.matmul, 0, 1), ("MatMulInteger16", "MatMulIntegerToFloat", "DynamicQuantizeMatMul")),
    "GemmFastGelu": _chosen(products.matmul, 0, 1),
    "FusedGemm": products.gemm,
    "QGemm": _gemm,
    **_all(_bits, ("MatMulNBits", "MatMulBnb4")),
    "GatherBlockQuantized": _packed_rows,
    "Attention": _projected(4),
    "QAttention": _projected(8),
    "MultiHeadAttention": _multi_head,
    "GroupQueryAttention": _grouped,
    "EmbedLayerNormalization": _embedded(2),
    "QEmbedLayerNormalization": _embedded(2),
    **{kind: _skip_norm("skip_norm") for kind in ("SkipLayerNormalization", "SkipSimplifiedLayerNormalization")},
    "DynamicQuantizeLSTM": _recurrent,
    "QLinearAdd": _chosen(_element_wise("add"), 0, 3),
    "QLinearMul": _chosen(_element_wise("multiply"), 0, 3),
    "QLinearWhere": _chosen(_element_wise("where"), 0, 1, 4),
    **dict.fromkeys(("BiasSplitGelu", "SwiGLU"), _half),
    **{kind: _same_shape(kind) for kind in SAME_SHAPE},
    "BiasDropout": _same_shape("dropout", 2),
    "SkipGroupNorm": _same_shape("group_norm", 2),
}
"""Each operator that has a rule here; those of a language model's decoding are reported as not counted."""
