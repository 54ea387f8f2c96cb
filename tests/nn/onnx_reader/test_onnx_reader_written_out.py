"""Tables that exporters write out: told by their numbers, and counted as what they were made of."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from featherbone.cost import count
from featherbone.importing import read

DRAW = np.random.default_rng(0)
LAYERS = [("MatMul", ["x", "w"], ["a"]), ("Add", ["a", "t"], ["b"]), ("MatMul", ["b", "v"], ["y"])]


def array(name, values, kind=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype=kind), name)


def weight(name, *shape):
    return array(name, DRAW.normal(size=shape))


def params(path, nodes, constants, size, kind=TensorProto.FLOAT):
    nodes = [helper.make_node(*node) for node in nodes]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    output.type.tensor_type.ClearField("shape")
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", kind, size)], [output], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)
    found = count(read(path).graph)
    assert found.complete
    return found.params


def square(width):
    place = np.arange(width)
    return np.stack(np.meshgrid(place, place, indexing="ij")).reshape(2, -1)


def by_distance(width, heads):
    """Numbers of each head, gathered by how far two tokens of a square are apart, down and across."""
    apart = square(width)[:, :, None] - square(width)[:, None] + width - 1
    return DRAW.normal(size=(heads, (2 * width - 1) ** 2))[:, apart[0] * (2 * width - 1) + apart[1]]


def with_a_class(table):
    """Three more numbers of each head: of the class to tokens, of tokens to it, and of it to itself."""
    grown = np.pad(table, ((0, 0), (1, 0), (1, 0)))
    for head in grown:
        head[0, 1:], head[1:, 0], head[0, 0] = DRAW.normal(size=3)
    return grown


def in_a_row(tokens, heads):
    apart = np.arange(tokens)[:, None] - np.arange(tokens) + tokens - 1
    return DRAW.normal(size=(heads, 2 * tokens - 1))[:, apart]


@pytest.mark.parametrize(
    ("table", "numbers"),
    [
        (by_distance(4, 2), 2 * 49),
        (with_a_class(by_distance(4, 2)), 2 * 52),
        (in_a_row(6, 3), 3 * 11),
        (DRAW.normal(size=(2, 16, 16)), 2 * 256),
    ],
    ids=["square", "square with a class", "row", "trained as it stands"],
)
def test_biases_that_were_gathered_count_as_their_table(tmp_path, table, numbers):
    heads, tokens, _ = table.shape
    constants = [weight("w", 8, tokens), array("t", table[None]), weight("v", tokens, 4)]
    found = params(tmp_path / "a.onnx", LAYERS, constants, (1, heads, tokens, 8))
    assert found == 8 * tokens + numbers + tokens * 4


@pytest.mark.parametrize(
    ("table", "trained"),
    [
        (np.stack(np.meshgrid(np.arange(6) / 6.3, np.arange(5) / 5.1)), False),
        ((square(5).T + 0.5) / 7.3, False),
        (DRAW.normal(size=(2, 5, 6)), True),
    ],
    ids=["grid", "grid in a row", "trained"],
)
def test_evenly_spaced_places_are_no_parameters(tmp_path, table, trained):
    constants = [weight("w", table.shape[-1], table.shape[-1]), array("t", table), weight("v", table.shape[-1], 4)]
    found = params(tmp_path / "a.onnx", LAYERS, constants, (1, *table.shape))
    assert found == table.shape[-1] * (table.shape[-1] + 4) + trained * table.size


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("same", [True, False])
def test_an_embedding_that_is_written_again_as_the_last_layer_counts_once(tmp_path, same, turned):
    nodes = [("Gather", ["e", "x"], ["a"]), ("Transpose" if not turned else "Identity", ["h"], ["k"])]
    nodes += [("MatMul", ["a", "k"], ["y"])]
    table = DRAW.normal(size=(20, 8))
    head = table if same else DRAW.normal(size=(20, 8))
    constants = [array("e", table), array("h", head.T if turned else head)]
    found = params(tmp_path / "a.onnx", nodes, constants, (1, 7), TensorProto.INT64)
    assert found == 160 * (1 if same else 2)


def test_matrices_of_one_number_are_not_taken_for_the_same(tmp_path):
    nodes = [("Gather", ["e", "x"], ["a"]), ("MatMul", ["a", "k"], ["y"])]
    constants = [array("e", np.zeros((20, 8))), array("k", np.zeros((8, 20)))]
    assert params(tmp_path / "a.onnx", nodes, constants, (1, 7), TensorProto.INT64) == 320


@pytest.mark.parametrize("mean", ["ReduceMean", "ReduceMax"])
def test_the_scale_of_a_norm_before_the_first_layer(tmp_path, mean):
    """By the root of the mean square; what divides by the largest value alone is how pixels are prepared."""
    nodes = [
        ("Mul", ["x", "x"], ["s"]),
        (mean, ["s"], ["m"]),
        ("Sqrt", ["m"], ["r"]),
        ("Div", ["x", "r"], ["n"]),
        ("Mul", ["n", "t"], ["b"]),
        ("MatMul", ["b", "v"], ["y"]),
    ]
    found = params(tmp_path / "a.onnx", nodes, [weight("t", 8), weight("v", 8, 4)], (1, 5, 8))
    assert found == 32 + 8 * (mean == "ReduceMean")
