"""ONNX files: counted as the model is, and refused in a sentence where they are damaged, dynamic or hostile."""

import random

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.importing import read


def tensor(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def weight(name, *shape):
    return numpy_helper.from_array(np.zeros(shape, dtype=np.float32), name)


def numbers(name, *values):
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def saved(path, nodes, weights=(), size=("batch", 3, 8, 8), opset=17, domain="", outputs=("y",)):
    graph = helper.make_graph(nodes, "g", [tensor("x", *size)], [tensor(o, None) for o in outputs], list(weights))
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, opset)])
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "model.onnx"


def test_a_network_in_the_vocabulary(file):
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["a"], pads=[0, 0, 1, 1], strides=[2, 2], name="/stem/conv/Conv"),
        helper.make_node("BatchNormalization", ["a", "s", "t", "m", "v"], ["b"], momentum=0.9),
        helper.make_node("Clip", ["b", "low", "high"], ["c"]),
        helper.make_node("Conv", ["c", "w2"], ["d"], group=4, auto_pad="SAME_UPPER"),
        helper.make_node("Add", ["c", "d"], ["e"]),
        helper.make_node("GlobalAveragePool", ["e"], ["f"]),
        helper.make_node("Shape", ["f"], ["n"]),
        helper.make_node("Gather", ["n", "zero"], ["n0"]),
        helper.make_node("Unsqueeze", ["n0", "axis"], ["n1"]),
        helper.make_node("Concat", ["n1", "rest"], ["shape"], axis=0),
        helper.make_node("Reshape", ["f", "shape"], ["g"]),
        helper.make_node("Gemm", ["g", "w3", "b3"], ["y"], transB=1),
    ]
    weights = [
        weight("w1", 4, 3, 3, 3),
        weight("b1", 4),
        *[weight(name, 4) for name in "stmv"],
        weight("w2", 4, 1, 3, 3),
    ]
    weights += [weight("w3", 10, 4), weight("b3", 10), numbers("axis", 0), numbers("rest", -1)]
    weights += [numpy_helper.from_array(np.array(v, dtype=np.float32), n) for n, v in (("low", 0), ("high", 6))]
    weights += [numpy_helper.from_array(np.array(0, dtype=np.int64), "zero")]
    graph = read(saved(file, nodes, weights)).graph
    kinds = "input conv batch_norm activation conv add global_pool flatten linear"
    assert [node.operator.kind for node in graph.nodes] == kinds.split()
    cost = count(graph)
    assert cost.macs == 16 * 27 * 4 + 16 * 9 * 4 + 40
    assert cost.params == 108 + 4 + 8 + 36 + 50
    assert graph.nodes[1].operator.padding == ((0, 1), (0, 1))


@pytest.mark.parametrize(
    ("kind", "attributes", "expected", "side"),
    [
        ("Conv", {"auto_pad": "SAME_UPPER"}, {"padding": ((0, 1), (0, 1))}, 8),
        ("Conv", {"auto_pad": "SAME_LOWER"}, {"padding": ((1, 0), (1, 0))}, 8),
        ("AveragePool", {"pads": [0, 0, 1, 1]}, {"padding": ((0, 1), (0, 1)), "count_padding": False}, 8),
        ("AveragePool", {"pads": [0, 0, 1, 1], "count_include_pad": 1}, {"count_padding": True}, 8),
        ("MaxPool", {"strides": [2, 2], "auto_pad": "SAME_UPPER"}, {"padding": ((0, 0), (0, 0))}, 4),
        ("ConvTranspose", {"strides": [2, 2], "pads": [1, 1, 0, 0]}, {"padding": (1, 1), "output_padding": (1, 1)}, 15),
    ],
)
def test_padding_that_is_not_the_same_on_both_sides(file, kind, attributes, expected, side):
    """The sides by ONNX's formulas; of a transposed convolution 2·(8 - 1) + 2 - 1."""
    weights = [weight("w", 3, 3, 2, 2)] if kind.startswith("Conv") else []
    given = {} if weights else {"kernel_shape": [2, 2]}
    node = helper.make_node(kind, ["x", "w"][: 1 + len(weights)], ["y"], **given, **attributes)
    graph = read(saved(file, [node], weights)).graph
    assert {name: getattr(graph.nodes[1].operator, name) for name in expected} == expected
    assert graph.output_shape == (3, side, side)


def test_attention_and_recurrent_layers_count_their_products(file):
    nodes = [
        helper.make_node("MatMul", ["x", "q"], ["a"]),
        helper.make_node("Transpose", ["x"], ["k"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["a", "k"], ["s"]),
        helper.make_node("Softmax", ["s"], ["p"]),
        helper.make_node("MatMul", ["p", "x"], ["y"]),
    ]
    cost = count(read(saved(file, nodes, [weight("q", 8, 8)], size=(1, 5, 8))).graph)
    assert cost.macs == 5 * 64 + 2 * 25 * 8
    nodes = [helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=6)]
    cost = count(read(saved(file, nodes, [weight("w", 1, 24, 8), weight("r", 1, 24, 6)], size=(7, 1, 8))).graph)
    assert cost.macs == 7 * 24 * 14
    assert cost.params == 24 * 14


def test_an_operator_that_nobody_knows(file):
    node = helper.make_node("Magic", ["x"], ["y"], domain="acme.ops")
    path = saved(file, [node])
    counted = count(read(path).graph)  # nobody knows what it writes
    assert (counted.uncounted, counted.complete) == ((("acme_ops_Magic", "acme.ops.Magic"),), False)
    model = onnx.load(path)
    model.graph.output[0].CopyFrom(tensor("y", 1, 5, 8, 8))
    path.write_bytes(model.SerializeToString())
    assert count(read(path).graph).uncounted == (("acme_ops_Magic", "acme.ops.Magic"),)


def test_weights_outside_the_folder_are_refused(file):
    for location in ("../secret.bin", "/etc/passwd", "..\\secret", "C:\\secret", "a/../../secret", ""):
        model = onnx.load(saved(file, [helper.make_node("Conv", ["x", "w"], ["y"])], [weight("w", 4, 3, 3, 3)]))
        external = model.graph.initializer[0]
        external.ClearField("raw_data")
        external.data_location = TensorProto.EXTERNAL
        external.external_data.add(key="location", value=location)
        file.write_bytes(model.SerializeToString())
        with pytest.raises(FeatherboneError, match="outside its folder"):
            read(file)
        external.external_data[0].value = "weights.bin"  # beside the model: its sizes suffice, it is not even opened
        file.write_bytes(model.SerializeToString())
        assert count(read(file).graph).macs == 36 * 27 * 4


@pytest.mark.parametrize(
    ("opset", "domain", "sentence"), [(999, "", "uses opset 999"), (3, "", "uses opset 3"), (1, "acme", "which opset")]
)
def test_unknown_opsets_are_refused(file, opset, domain, sentence):
    with pytest.raises(FeatherboneError, match=sentence):
        read(saved(file, [helper.make_node("Relu", ["x"], ["y"])], opset=opset, domain=domain))


def test_dynamic_sizes_beside_the_batch_are_refused(file):
    with pytest.raises(FeatherboneError, match="dynamic size 'height'"):
        read(saved(file, [helper.make_node("Relu", ["x"], ["y"])], size=("batch", 3, "height", 8)))


def test_a_constant_that_would_fill_the_memory_is_refused(file):
    nodes = [
        helper.make_node("ConstantOfShape", ["huge"], ["c"]),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    with pytest.raises(FeatherboneError, match="no tensor of a network"):
        read(saved(file, nodes, [numbers("huge", 2**20, 2**21)]))
    with pytest.raises(FeatherboneError, match="no tensor of a network"):
        read(saved(file, [helper.make_node("Relu", ["x"], ["y"])], size=(1, 2**31, 2**31, 4)))


def test_damaged_files_end_in_sentences(file):
    """Random bytes, cut and flipped files: a graph or a FeatherboneError, nothing else."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Reshape", ["b", "shape"], ["y"]),
    ]
    saved(file, nodes, [weight("w", 4, 3, 3, 3), numbers("shape", 1, -1)])
    draw, whole = random.Random(0), file.read_bytes()
    for turn in range(600):
        data = bytearray(whole)
        if turn % 3 == 0:
            data = bytearray(draw.randbytes(draw.randrange(200)))
        elif turn % 3 == 1:
            del data[draw.randrange(len(data)) :]
        else:
            for _ in range(draw.randrange(1, 8)):
                data[draw.randrange(len(data))] = draw.randrange(256)
        file.write_bytes(bytes(data))
        try:
            count(read(file).graph)
        except FeatherboneError as error:
            assert len(str(error)) < 1000  # noqa: PT017 - the only error allowed, and short


def test_a_constant_of_a_shape_that_other_shapes_are_made_with(tmp_path):
    tensor = helper.make_tensor
    nodes = [
        helper.make_node("ConstantOfShape", ["rank"], ["ones"], value=tensor("v", TensorProto.INT64, [1], [1])),
        helper.make_node("Mul", ["ones", "sides"], ["wanted"]),
        helper.make_node("Reshape", ["x", "wanted"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 6, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 6])],
        [tensor("rank", TensorProto.INT64, [1], [3]), tensor("sides", TensorProto.INT64, [3], [1, 4, 6])],
    )
    path = tmp_path / "ones.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    assert read(path).graph.output_shape == (4, 6)


def test_sizes_of_a_resize_are_numbers_and_no_weights(tmp_path):
    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], dtype=np.float32), "scales")
    nodes = [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")]
    assert read(saved(tmp_path / "a.onnx", nodes, [scales])).graph.output_shape == (3, 16, 16)
    constant = helper.make_node("Constant", [], ["scales"], value=scales)
    graph = read(saved(tmp_path / "b.onnx", [constant, *nodes])).graph
    assert (graph.output_shape, count(graph).params) == ((3, 16, 16), 0)


def test_a_token_that_every_input_gets(tmp_path):
    nodes = [
        helper.make_node("Expand", ["token", "sides"], ["tokens"]),
        helper.make_node("MatMul", ["tokens", "mix"], ["mixed"]),
        helper.make_node("Concat", ["x", "mixed"], ["y"], axis=1),
    ]
    weights = [weight("token", 1, 1, 8), weight("mix", 8, 8), numbers("sides", 1, 5, 8)]
    counted = count(read(saved(tmp_path / "token.onnx", nodes, weights, size=(1, 3, 8))).graph)
    assert (counted.graph.output_shape, counted.params, counted.macs, counted.complete) == ((8, 8), 72, 320, True)


def test_values_scattered_into_a_tensor(tmp_path):
    nodes = [helper.make_node("ScatterND", ["x", "places", "w"], ["y"])]
    given = [numbers("places", 0), weight("w", 3, 8, 8)]
    counted = count(read(saved(tmp_path / "scatter.onnx", nodes, given)).graph)
    assert (counted.graph.output_shape, counted.params, counted.complete) == ((3, 8, 8), 0, True)


def test_a_constant_without_a_value_is_malformed(tmp_path):
    nodes = [helper.make_node("Constant", [], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])]
    with pytest.raises(FeatherboneError, match="is malformed"):
        read(saved(tmp_path / "none.onnx", nodes))
