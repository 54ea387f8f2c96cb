"""ONNX attributes that change a shape: what comes out has the shape that ONNX's own inference gives it."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from featherbone.cost import count
from featherbone.importing import read

X = ("x", (1, 4, 10, 8))
FLOAT, WHOLE = np.float32, np.int64


def array(name, values, dtype=WHOLE):
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def weight(name, *shape):
    return array(name, np.zeros(shape), FLOAT)


def saved(path, node, given, weights, size, opset, outputs=1):
    """One node between an input and an output of open shape."""
    inputs = [helper.make_tensor_value_info(given, TensorProto.FLOAT, size)]
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in node.output]
    graph = helper.make_graph([node], "g", inputs, made, weights)
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    path.write_bytes(model.SerializeToString())
    return model


def inferred(model):
    sides = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph.output
    return [tuple(side.dim_value for side in output.type.tensor_type.shape.dim) for output in sides]


RESIZES = [
    ({}, {"scales": [1, 1, 1.5, 1.25]}),
    ({}, {"scales": [1, 1, 0.3, 2.5]}),
    ({}, {"sizes": [1, 4, 7, 9]}),
    ({"axes": [2, 3]}, {"scales": [1.1, 1.7]}),
    ({"axes": [3, 2]}, {"sizes": [6, 5]}),
    ({"axes": [-1]}, {"sizes": [6]}),
    ({"axes": [2, 3], "keep_aspect_ratio_policy": "not_larger"}, {"sizes": [7, 7]}),
    ({"axes": [2, 3], "keep_aspect_ratio_policy": "not_smaller"}, {"sizes": [7, 7]}),
    ({"axes": [3, 2], "keep_aspect_ratio_policy": "not_larger"}, {"sizes": [40, 20]}),
    ({"keep_aspect_ratio_policy": "stretch", "mode": "cubic"}, {"sizes": [1, 4, 3, 3]}),
    ({"mode": "linear", "coordinate_transformation_mode": "align_corners"}, {"scales": [1, 1, 3.25, 3.25]}),
]


@pytest.mark.parametrize(("attributes", "given"), RESIZES)
def test_resize(tmp_path, attributes, given):
    names = ["x", "", "scales" if "scales" in given else "", *(["sizes"] if "sizes" in given else [])]
    weights = [array(name, values, FLOAT if name == "scales" else WHOLE) for name, values in given.items()]
    check(tmp_path, helper.make_node("Resize", names, ["y"], **attributes), weights, opset=19)


@pytest.mark.parametrize(("scale", "side"), [(1.4, 14), (3.3, 33), (0.7, 7), (2.3, 23), (0.3, 3), (1.1, 11)])
@pytest.mark.parametrize("made", ["given", "computed"])
def test_scales_are_float32(tmp_path, scale, side, made):
    """10 × scale as ONNX Runtime has it; in float64, where ONNX's own inference computes, 10 × 1.4 is below 14."""
    nodes = [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")]
    weights = [array("scales", [1, 1, scale, scale], FLOAT)]
    if made == "computed":
        weights = []
        nodes[:0] = [
            helper.make_node("Constant", [], ["one"], value_floats=[1.0, 1.0]),
            helper.make_node("Constant", [], ["both"], value_floats=[scale, scale]),
            helper.make_node("Concat", ["one", "both"], ["scales"], axis=0),
        ]
    path = tmp_path / "scales.onnx"
    size = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 10, 10])
    graph = helper.make_graph(
        nodes, "g", [size], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], weights
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    assert read(path).graph.output_shape == (3, side, side)


REDUCTIONS = [
    ({}, None),
    ({"keepdims": 0}, None),
    ({"noop_with_empty_axes": 1}, None),
    ({"noop_with_empty_axes": 1}, []),
    ({"noop_with_empty_axes": 0}, []),
    ({"keepdims": 0}, [-1]),
    ({"keepdims": 0, "noop_with_empty_axes": 1}, [2, 3]),
    ({}, [-1, 1]),
]


@pytest.mark.parametrize("kind", ["ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2"])
@pytest.mark.parametrize(("attributes", "axes"), REDUCTIONS)
def test_reductions(tmp_path, kind, attributes, axes):
    names = ["x"] if axes is None else ["x", "axes"]
    weights = [] if axes is None else [array("axes", axes)]
    check(tmp_path, helper.make_node(kind, names, ["y"], **attributes), weights, opset=18)


@pytest.mark.parametrize(("stated", "macs"), [([1, 1, 5], 20), (None, 0)])
def test_axes_that_the_input_decides(tmp_path, stated, macs):
    """Nobody knows them: what stands behind counts where the file states its shape, and is not counted elsewhere."""
    nodes = [
        helper.make_node("ArgMax", ["x"], ["best"], axis=2, keepdims=0),
        helper.make_node("Flatten", ["best"], ["flat"]),
        helper.make_node("ReduceSum", ["x", "flat"], ["sum"]),
        helper.make_node("MatMul", ["sum", "w"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [weight("w", 5, 4)],
    )
    if stated:
        graph.value_info.append(helper.make_tensor_value_info("sum", TensorProto.FLOAT, stated))
    path = tmp_path / "axes.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    found = read(path)
    counted = count(found.graph)
    assert (counted.complete, counted.macs, counted.params) == (stated is not None, macs, 20)
    assert any("behind it" in note for note in found.warnings) == (stated is None)


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
@pytest.mark.parametrize("layout", [0, 1])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_recurrent_layers(tmp_path, kind, gates, layout, direction):
    ways, size = 1 + (direction == "bidirectional"), (7, 1, 8) if layout == 0 else (1, 7, 8)
    weights = [weight("w", ways, gates * 6, 8), weight("r", ways, gates * 6, 6)]
    outputs = ["y", "h", *(["c"] if kind == "LSTM" else [])]
    node = helper.make_node(kind, ["x", "w", "r"], outputs, hidden_size=6, layout=layout, direction=direction)
    counted = check(tmp_path, node, weights, opset=14, size=size)
    assert counted.macs == 7 * ways * gates * 6 * (8 + 6)


POOLS = [
    {"kernel_shape": [3, 3]},
    {"kernel_shape": [3, 3], "dilations": [2, 2]},
    {"kernel_shape": [3, 2], "dilations": [2, 3], "pads": [1, 0, 1, 0], "strides": [2, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_LOWER"},
    {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "VALID"},
]


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("attributes", POOLS)
def test_pooling(tmp_path, kind, attributes):
    check(tmp_path, helper.make_node(kind, ["x"], ["y"], **attributes), [], opset=19)


CONVOLUTIONS = [
    {},
    {"strides": [2, 1], "dilations": [2, 3], "pads": [1, 2, 0, 1]},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"auto_pad": "SAME_LOWER", "strides": [3, 2], "dilations": [2, 2]},
    {"auto_pad": "VALID", "strides": [2, 2]},
]


@pytest.mark.parametrize("attributes", CONVOLUTIONS)
def test_convolutions(tmp_path, attributes):
    counted = check(tmp_path, helper.make_node("Conv", ["x", "w"], ["y"], **attributes), [weight("w", 6, 4, 3, 3)])
    assert counted.macs == np.prod(counted.graph.output_shape) * 36


@pytest.mark.parametrize("attributes", [{}, {"strides": [2, 3], "output_padding": [1, 2]}, {"dilations": [2, 1]}])
def test_transposed_convolutions(tmp_path, attributes):
    check(tmp_path, helper.make_node("ConvTranspose", ["x", "w"], ["y"], **attributes), [weight("w", 4, 6, 3, 3)])


ARRANGING = [
    ("Flatten", {"axis": 0}, []),
    ("Flatten", {"axis": 2}, []),
    ("Flatten", {"axis": -1}, []),
    ("Transpose", {"perm": [0, 3, 1, 2]}, []),
    ("Transpose", {}, []),
    ("Reshape", {}, [("shape", [0, -1, 4])]),
    ("Reshape", {"allowzero": 1}, [("shape", [1, -1, 4])]),
    ("Squeeze", {}, [("axes", [0])]),
    ("Unsqueeze", {}, [("axes", [-1, 2])]),
    ("Expand", {}, [("shape", [3, 1, 1, 1, 1])]),
    ("Slice", {}, [("starts", [1, -3]), ("ends", [9, 100]), ("axes", [2, -1]), ("steps", [3, 2])]),
    ("Gather", {"axis": -1}, [("places", [[1, 2, 3], [0, 0, 0]])]),
    ("Gather", {"axis": 1}, [("places", 2)]),
    ("Pad", {}, [("pads", [0, 0, 1, 2, 0, 0, 3, 4])]),
    ("Pad", {"mode": "reflect"}, [("pads", [0, 0, 1, 2, 0, 0, 3, 4])]),
    ("Pad", {}, [("pads", [1, 2, 3, 4]), ("", None), ("axes", [-1, 2])]),
    ("Pad", {}, [("pads", [0, 0, -1, 0, 0, 0, 0, -2])]),
]


@pytest.mark.parametrize(("kind", "attributes", "given"), ARRANGING)
def test_arranging(tmp_path, kind, attributes, given):
    weights = [array(name, values) for name, values in given if name]
    check(tmp_path, helper.make_node(kind, ["x", *(name for name, _ in given)], ["y"], **attributes), weights, opset=19)


@pytest.mark.parametrize(
    ("attributes", "parts"), [({"axis": 2, "num_outputs": 3}, None), ({"axis": -1}, [5, 3]), ({"axis": 1}, [1, 1, 2])]
)
def test_splits(tmp_path, attributes, parts):
    outputs = [f"y{place}" for place in range(len(parts or [0] * 3))]
    weights = [] if parts is None else [array("parts", parts)]
    node = helper.make_node("Split", ["x"] if parts is None else ["x", "parts"], outputs, **attributes)
    check(tmp_path, node, weights, opset=18)


def check(folder, node, weights, *, opset=17, size=X[1]):
    """The node's shapes are ONNX's own, and everything is counted; what was counted."""
    path = folder / "node.onnx"
    wanted = inferred(saved(path, node, "x", weights, size, opset))
    counted = count(read(path).graph)
    found = [counted.graph[name].shape for name in counted.graph.outputs]
    assert [shape[1:] if shape[:1] == (1,) else shape for shape in wanted] == found
    assert counted.complete
    return counted
