"""The closed vocabulary: every operator that a graph may hold, by the name it has in text."""

from featherbone.graph.operators.activation import ACTIVATIONS, Activation, Dropout
from featherbone.graph.operators.arrange import ChannelShuffle, PadChannels, Reorder, Slice
from featherbone.graph.operators.base import Operator, shape_text
from featherbone.graph.operators.boundary import Input, Opaque
from featherbone.graph.operators.combine import Add, Concat, Multiply
from featherbone.graph.operators.conv_transpose import ConvTranspose
from featherbone.graph.operators.convolution import Conv
from featherbone.graph.operators.linear import Flatten, Linear
from featherbone.graph.operators.normalization import BatchNorm, LocalResponseNorm
from featherbone.graph.operators.pooling import AvgPool, GlobalPool, MaxPool, Resize

VOCABULARY: dict[str, type[Operator]] = {
    operator.kind: operator
    for operator in (
        Input,
        Conv,
        ConvTranspose,
        BatchNorm,
        LocalResponseNorm,
        Activation,
        Dropout,
        MaxPool,
        AvgPool,
        GlobalPool,
        Resize,
        Flatten,
        Linear,
        Add,
        Multiply,
        Concat,
        Slice,
        ChannelShuffle,
        Reorder,
        PadChannels,
        Opaque,
    )
}

__all__ = [
    "ACTIVATIONS",
    "VOCABULARY",
    "Activation",
    "Add",
    "AvgPool",
    "BatchNorm",
    "ChannelShuffle",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Dropout",
    "Flatten",
    "GlobalPool",
    "Input",
    "Linear",
    "LocalResponseNorm",
    "MaxPool",
    "Multiply",
    "Opaque",
    "Operator",
    "PadChannels",
    "Reorder",
    "Resize",
    "Slice",
    "shape_text",
]
