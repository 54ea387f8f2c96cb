"""Where ONNX operators read weights: what stands in such a place, and no input of the network leads to, was trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

PLACES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "Conv": (1, 2),
        "ConvTranspose": (1, 2),
        "ConvInteger": (1,),
        "QLinearConv": (3, 8),
        "DeformConv": (1, 3),
        "FusedConv": (1, 2),
        "Gemm": (0, 1, 2),
        "MatMul": (0, 1),
        "MatMulInteger": (0, 1),
        "QLinearMatMul": (0, 3),
        "FusedGemm": (0, 1, 2),
        "FusedMatMul": (0, 1),
        "DynamicQuantizeMatMul": (1, 4),
        "MatMulIntegerToFloat": (1, 6),
        "QGemm": (3, 6),
        "Einsum": (0, 1, 2, 3),
        "BatchNormalization": (1, 2),
        "InstanceNormalization": (1, 2),
        "GroupNormalization": (1, 2),
        "LayerNormalization": (1, 2),
        "RMSNormalization": (1,),
        "SimplifiedLayerNormalization": (1,),
        "SkipLayerNormalization": (2, 3, 4),
        "PRelu": (1,),
        "LSTM": (1, 2, 3, 7),
        "GRU": (1, 2, 3),
        "RNN": (1, 2, 3),
        "BiasGelu": (1,),
        "MatMulNBits": (1, 5),
        "MatMulBnb4": (1,),
        "GatherBlockQuantized": (0,),
        "com.microsoft.Attention": (1, 2),
        "com.microsoft.QAttention": (1, 2),
        "EmbedLayerNormalization": (2, 3, 4, 5, 6),
    }
)
"""By operator, the inputs that are weights; an operator of two domains has the domain before its name."""
# Their weights are whole numbers.
INTEGERS = [
    "ConvInteger",
    "MatMulInteger",
    "QLinearConv",
    "QLinearMatMul",
    "DynamicQuantizeMatMul",
    "QGemm",
    "MatMulIntegerToFloat",
    "com.microsoft.QAttention",
    "MatMulNBits",
    "MatMulBnb4",
    "GatherBlockQuantized",
]
PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum", "ConvInteger", "MatMulInteger", "FusedMatMul")
QUANTIZING = ("DequantizeLinear", "QuantizeLinear", "DynamicQuantizeLinear")
# Their first input goes through; the others say how.
MOVING = [
    "Reshape",
    "Transpose",
    "Cast",
    "CastLike",
    "Identity",
    "Squeeze",
    "Unsqueeze",
    "Flatten",
    "Slice",
    "Split",
    "Expand",
    "Tile",
    "Pad",
    "Gather",
    "Dropout",
]
MAKING = ("ConstantOfShape", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike")
STEPS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        **dict.fromkeys(QUANTIZING, (1, 2)),
        "MatMulNBits": (2, 3),
        "MatMulBnb4": (2,),
        "GatherBlockQuantized": (2, 3),
    }
)
"""By operator, the inputs that are scales and zero points."""


class NodeFacts(NamedTuple):
    """A node as Python values, as it is looked into many times, and messages are slow to look into.

    ``inner`` are the names that its branches or its body read.
    """

    op_type: str
    domain: str
    input: tuple[str, ...]
    output: tuple[str, ...]
    attribute: Any
    inner: tuple[str, ...]

    @staticmethod
    def of(node: Any) -> NodeFacts:
        inner = tuple(name for body in bodies(node) for one in all_nodes(body.node) for name in one.input)
        return NodeFacts(node.op_type, node.domain, tuple(node.input), tuple(node.output), node.attribute, inner)


WITH_BODIES = ("If", "Loop", "Scan", "SequenceMap")


def packed(node: Any, place: int, dims: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of a weight of few bits, of which a byte holds several; ``None`` where it is stored as it is."""
    said = {one.name: one.i for one in node.attribute}
    if node.op_type in ("MatMulNBits", "MatMulBnb4") and place == 1:
        return said.get("N", 0), said.get("K", 0)
    if node.op_type == "GatherBlockQuantized" and place == 0 and dims:
        return (*dims[:-1], dims[-1] * 8 // (said.get("bits", 0) or 4))
    return None


def kind_of(node: Any) -> str:
    """The operator as ``PLACES`` calls it."""
    whole = f"{node.domain}.{node.op_type}"
    return whole if whole in PLACES else str(node.op_type)


def all_nodes(nodes: Iterable[Any]) -> Iterator[Any]:
    """The nodes with those of the branches and loops in them, which stand before the node that holds them."""
    for node in nodes:
        for body in bodies(node):
            yield from all_nodes(body.node)
        yield node


def bodies(node: Any) -> list[Any]:
    """The branches of an If, the body of a loop."""
    if node.domain in ("", "ai.onnx") and node.op_type not in WITH_BODIES:
        return []  # messages are slow to look into
    return [graph for one in node.attribute for graph in ([one.g] if one.HasField("g") else one.graphs)]
