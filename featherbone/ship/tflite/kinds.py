"""The builtin operators of TensorFlow Lite that are written here: their settings and versions.

A version says what of an operator a runtime must know: the first is float32, int8 and float16 came later. They
are those that TensorFlow's own converter gives (``tensorflow/lite/tools/versioning/op_version.cc``).
"""

from __future__ import annotations

from typing import NamedTuple


class LiteKind(NamedTuple):
    """The class of an operator's settings, without its final T, and its version for float32 and for int8."""

    options: str = ""
    version: int = 1
    int8_version: int = 2


KINDS = {
    "ADD": LiteKind("AddOptions"),
    "AVERAGE_POOL_2D": LiteKind("Pool2DOptions"),
    "CAST": LiteKind("CastOptions", 1, 1),
    "CONCATENATION": LiteKind("ConcatenationOptions"),
    "CONV_2D": LiteKind("Conv2DOptions", 1, 3),
    "DEPTHWISE_CONV_2D": LiteKind("DepthwiseConv2DOptions", 2, 3),
    "DEQUANTIZE": LiteKind("DequantizeOptions", 3, 3),
    "DIV": LiteKind("DivOptions", 1, 1),
    "ELU": LiteKind("", 1, 1),
    "EXP": LiteKind("ExpOptions", 1, 2),
    "FULLY_CONNECTED": LiteKind("FullyConnectedOptions", 1, 4),
    "GATHER": LiteKind("GatherOptions", 1, 2),
    "GELU": LiteKind("GeluOptions", 1, 2),
    "HARD_SWISH": LiteKind("HardSwishOptions", 1, 1),
    "LEAKY_RELU": LiteKind("LeakyReluOptions", 1, 2),
    "LOG": LiteKind("", 1, 2),
    "LOGISTIC": LiteKind("", 1, 2),
    "MAX_POOL_2D": LiteKind("Pool2DOptions"),
    "MEAN": LiteKind("ReducerOptions"),
    "MUL": LiteKind("MulOptions"),
    "PAD": LiteKind("PadOptions"),
    "PADV2": LiteKind("PadV2Options"),
    "POW": LiteKind("PowOptions", 1, 1),
    "QUANTIZE": LiteKind("QuantizeOptions", 1, 1),
    "RELU": LiteKind("", 1, 2),
    "RELU6": LiteKind("", 1, 2),
    "RESHAPE": LiteKind("ReshapeOptions", 1, 1),
    "RESIZE_BILINEAR": LiteKind("ResizeBilinearOptions", 3, 3),
    "RESIZE_NEAREST_NEIGHBOR": LiteKind("ResizeNearestNeighborOptions", 3, 3),
    "SLICE": LiteKind("SliceOptions", 1, 2),
    "SOFTMAX": LiteKind("SoftmaxOptions", 1, 2),
    "TANH": LiteKind("", 1, 2),
    "TRANSPOSE": LiteKind("TransposeOptions", 1, 2),
    "TRANSPOSE_CONV": LiteKind("TransposeConvOptions", 3, 3),
}
