"""ONNX files of a fixed batch: counted for one image where the network treats images one by one, and said."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from featherbone.cost import count
from featherbone.importing import read


def array(name, values, dtype=np.int64):
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def weight(name, *shape):
    return array(name, np.random.default_rng(0).normal(size=shape), np.float32)


def imported(path, nodes, constants, size, opset=17):
    """What is read of a network of these nodes, whose outputs have no stated shape."""
    nodes = [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, size)
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    made.type.tensor_type.ClearField("shape")
    graph = helper.make_graph(nodes, "g", [given], [made], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]), path)
    return read(path)


def both(path, build, batch):
    """A network built for one image, and for a batch: the same count, of which the second says what it is of."""
    one = imported(path, *build(1))
    many = imported(path, *build(batch))
    single, shared = count(one.graph), count(many.graph)
    assert (single.macs, single.params, single.complete) == (shared.macs, shared.params, shared.complete)
    assert one.graph.output_shape == many.graph.output_shape
    assert one.warnings == ()
    assert many.warnings == (f"exported for a batch of {batch}: counted for one image",)
    return shared


def convolutional(target):
    def build(batch):
        nodes = [
            ("Conv", ["x", "w"], ["a"], {"strides": [2, 2]}),
            ("BatchNormalization", ["a", *"stmv"], ["b"]),
            ("Reshape", ["b", "n"], ["f"]),
            ("Gemm", ["f", "h"], ["y"], {"transB": 1}),
        ]
        sizes = [batch if size == "batch" else size for size in target]
        constants = [weight("w", 4, 3, 3, 3), *(weight(name, 4) for name in "stmv"), weight("h", 10, 36)]
        return nodes, [*constants, array("n", sizes)], (batch, 3, 8, 8)

    return build


@pytest.mark.parametrize("target", [("batch", 36), ("batch", -1), (-1, 36), (0, -1), (0, 36)])
@pytest.mark.parametrize("batch", [2, 4, 36])
def test_a_reshape_that_has_the_batch_in_it(tmp_path, target, batch):
    assert both(tmp_path / "model.onnx", convolutional(target), batch).macs == 9 * 108 + 360


def attention(batch):
    """Tokens with one more that every image gets, two heads, and a batch in every target."""
    nodes = [
        ("Expand", ["token", "each"], ["t"]),
        ("Concat", ["x", "t"], ["z"], {"axis": 1}),
        ("MatMul", ["z", "w"], ["p"]),
        ("Reshape", ["p", "heads"], ["h"]),
        ("Transpose", ["h"], ["q"], {"perm": [0, 2, 1, 3]}),
        ("Transpose", ["h"], ["k"], {"perm": [0, 2, 3, 1]}),
        ("MatMul", ["q", "k"], ["s"]),
        ("Softmax", ["s"], ["r"]),
        ("MatMul", ["r", "q"], ["o"]),
        ("Transpose", ["o"], ["c"], {"perm": [0, 2, 1, 3]}),
        ("Reshape", ["c", "joined"], ["y"]),
    ]
    numbers = {"each": [batch, 1, 8], "heads": [batch, 4, 2, 4], "joined": [batch * 4, 8]}
    constants = [weight("token", 1, 1, 8), weight("w", 8, 8), *(array(*one) for one in numbers.items())]
    return nodes, constants, (batch, 3, 8)


def test_attention(tmp_path):
    nodes, constants, size = attention(4)
    found = imported(tmp_path / "model.onnx", nodes, constants, size)
    assert count(found.graph).macs == 4 * 64 + 2 * 2 * 16 * 4
    assert found.warnings == ("exported for a batch of 4: counted for one image",)


def test_steps_and_batch_in_one_size(tmp_path):
    """As attention is exported whose steps come first: (steps, batch, 8) → (steps·batch, 8) → (steps, batch, 8)."""
    nodes = [
        ("Transpose", ["x"], ["s"], {"perm": [1, 0, 2]}),
        ("Reshape", ["s", "rows"], ["r"]),
        ("Gemm", ["r", "w"], ["g"]),
        ("Reshape", ["g", "steps"], ["y"]),
    ]
    constants = [weight("w", 8, 8), array("rows", [35, 8]), array("steps", [7, 5, 8])]
    found = imported(tmp_path / "model.onnx", nodes, constants, (5, 7, 8))
    assert (count(found.graph).macs, bool(found.warnings)) == (7 * 64, True)


@pytest.mark.parametrize("first", [True, False])
def test_recurrent_layers(tmp_path, first):
    """The batch is in front and moved behind the steps, or stands there from the start."""

    def build(batch):
        node = ("LSTM", ["s", "w", "r"], ["y"], {"hidden_size": 6})
        nodes = [("Transpose" if first else "Identity", ["x"], ["s"], {"perm": [1, 0, 2]} if first else {}), node]
        return nodes, [weight("w", 1, 24, 8), weight("r", 1, 24, 6)], (batch, 7, 8) if first else (7, batch, 8)

    for batch in (1, 4):
        found = imported(tmp_path / "model.onnx", *build(batch))
        assert count(found.graph).macs == 7 * 24 * 14
        assert bool(found.warnings) == (batch > 1)


@pytest.mark.parametrize(
    ("nodes", "constants", "size", "macs"),
    [
        ([("LSTM", ["x", "w", "r"], ["y"], {"hidden_size": 6})], [("w", 1, 24, 8), ("r", 1, 24, 6)], (7, 1, 8), 2352),
        ([("MatMul", ["x", "w"], ["a"]), ("ReduceMax", ["a"], ["y"], {"axes": [0]})], [("w", 3, 8)], (9, 3), 216),
        ([("Transpose", ["x"], ["t"]), ("MatMul", ["x", "t"], ["y"])], [], (9, 3), 243),
        ([("Unsqueeze", ["x", "front"], ["i"]), ("Conv", ["i", "w"], ["y"])], [("w", 2, 3, 3, 3)], (3, 8, 8), 1944),
    ],
    ids=["steps", "points", "rows", "channels"],
)
def test_first_sizes_that_are_no_batch(tmp_path, nodes, constants, size, macs):
    found = imported(tmp_path / "a.onnx", nodes, [*(weight(*one) for one in constants), array("front", [0])], size)
    assert (count(found.graph).macs, found.warnings) == (macs, ())


def test_images_that_are_mixed_are_counted_together_and_said(tmp_path):
    nodes = [("Conv", ["x", "w"], ["a"]), ("Softmax", ["a"], ["b"], {"axis": 0}), ("ReduceSum", ["b", "front"], ["y"])]
    found = imported(tmp_path / "a.onnx", nodes, [weight("w", 2, 3, 3, 3), array("front", [0])], (4, 3, 8, 8))
    assert count(found.graph).macs == 4 * 1944
    assert found.warnings == ("x holds 4 images, which it does not treat one by one: counted for all of them",)
