"""An ONNX model of ours with what stands before and behind it in the graph: uint8 images in, probabilities out."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from featherbone.nn import Preprocessing
from featherbone.nn.onnx_writer import INPUT, OUTPUT

PROBABILITIES = "probabilities"
PIXELS = f"{INPUT}/pixels"  # what the names of the nodes begin with: no node of a network is called so


def from_images(proto: onnx.ModelProto, seen: Preprocessing) -> onnx.ModelProto:
    """The network on uint8 images (batch, H, W, C) of its size, as a new protocol buffer; it gives probabilities.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import to_onnx, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> proto = from_images(to_onnx(graph, weights_of(module(graph, seed=0))), seen)
    >>> [value.name for value in (*proto.graph.input, *proto.graph.output)]
    ['image', 'probabilities']

    A value v becomes (v / 255 - mean) / std, in one product and one sum for each channel.
    """
    whole = onnx.ModelProto()
    whole.CopyFrom(proto)
    nodes = whole.graph.node
    for node in nodes:
        node.input[:] = [f"{PIXELS}/normalised" if name == INPUT else name for name in node.input]
    scale = 1 / (255 * np.array(seen.std))
    shift = -np.array(seen.mean) / np.array(seen.std)
    for part, values in (("scale", scale), ("shift", shift)):
        shaped = values.astype(np.float32).reshape(1, seen.channels, 1, 1)
        whole.graph.initializer.append(numpy_helper.from_array(shaped, f"{PIXELS}/{part}"))
    before = [
        helper.make_node("Transpose", [INPUT], [f"{PIXELS}/turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", [f"{PIXELS}/turned"], [f"{PIXELS}/numbers"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{PIXELS}/numbers", f"{PIXELS}/scale"], [f"{PIXELS}/scaled"]),
        helper.make_node("Add", [f"{PIXELS}/scaled", f"{PIXELS}/shift"], [f"{PIXELS}/normalised"]),
    ]
    for place, node in enumerate(before):
        node.name = node.output[0]
        nodes.insert(place, node)
    nodes.append(helper.make_node("Softmax", [OUTPUT], [PROBABILITIES], name=PROBABILITIES, axis=1))
    sides = [seen.resolution, seen.resolution, seen.channels]
    whole.graph.input[0].CopyFrom(helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["batch", *sides]))
    whole.graph.output[0].name = PROBABILITIES
    return whole
