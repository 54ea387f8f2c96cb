"""An ONNX model of ours in float16: weights and maps, while what goes in and comes out stays float32."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from featherbone.errors import FeatherboneError

LARGEST = float(np.finfo(np.float16).max)


def in_half(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The same network in float16, as a new protocol buffer.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import to_onnx, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> proto = in_half(to_onnx(graph, weights_of(module(graph, seed=0))))
    >>> [node.op_type for node in proto.graph.node]
    ['Cast', 'Reshape', 'Gemm', 'Cast']

    Raises:
        FeatherboneError: a weight that float16 can't hold.
    """
    half = onnx.ModelProto()
    half.CopyFrom(proto)
    for tensor in half.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(_rounded(tensor), tensor.name))
    for value in half.graph.input:
        _replace_reads(half, value.name, f"{value.name}/half")
        half.graph.node.insert(0, _cast(value.name, f"{value.name}/half", TensorProto.FLOAT16))
    for value in half.graph.output:
        for node in half.graph.node:
            node.output[:] = [f"{name}/half" if name == value.name else name for name in node.output]
        _replace_reads(half, value.name, f"{value.name}/half")
        half.graph.node.append(_cast(f"{value.name}/half", value.name, TensorProto.FLOAT))
    return half


def _rounded(tensor: onnx.TensorProto) -> np.ndarray:
    values = numpy_helper.to_array(tensor)
    largest = float(np.abs(values).max(initial=0.0))
    if largest > LARGEST:
        raise FeatherboneError(
            f"{tensor.name} holds {largest:.3g}; float16 ends at {LARGEST:g}", hint="export it in float32"
        )
    return values.astype(np.float16)


def _replace_reads(proto: onnx.ModelProto, old: str, new: str) -> None:
    for node in proto.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]


def _cast(source: str, result: str, kind: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [source], [result], name=result, to=kind)
