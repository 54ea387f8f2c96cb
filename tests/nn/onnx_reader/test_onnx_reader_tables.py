"""Constants of ONNX files that meet other constants, stand in another file, or are packed several to a byte."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from featherbone.cost import count
from featherbone.importing import read

DRAW = np.random.default_rng(0)
MASK = np.where(DRAW.random((16, 16)) > 0.5, -100.0, 0.0)


def array(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def weight(name, *shape):
    return array(name, DRAW.normal(size=shape))


def literal(name, values):
    return helper.make_node("Constant", [], [name], value=array(name, values))


def model_of(nodes, constants, size):
    nodes = [node if isinstance(node, onnx.NodeProto) else node_of(*node) for node in nodes]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    output.type.tensor_type.ClearField("shape")
    kind = TensorProto.INT64 if len(size) == 2 and "ids" in nodes[0].input else TensorProto.FLOAT
    name = "ids" if kind == TensorProto.INT64 else "x"
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(name, kind, size)], [output], constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def node_of(kind, inputs, outputs, settings=None, domain=""):
    return helper.make_node(kind, inputs, outputs, domain=domain, **(settings or {}))


def cost_of(path):
    found = count(read(path).graph)
    assert found.complete
    return found.macs, found.params


@pytest.fixture
def cost(tmp_path):
    """Multiply-adds and parameters of a network of these nodes."""

    def counted(nodes, constants, size):
        onnx.save(model_of(nodes, constants, size), tmp_path / "model.onnx")
        return cost_of(tmp_path / "model.onnx")

    return counted


TWO_LAYERS = [("MatMul", ["x", "w"], ["a"]), ("Add", ["a", "t"], ["b"]), ("MatMul", ["b", "v"], ["y"])]


@pytest.mark.parametrize("there", [True, False])
def test_a_mask_in_another_file_is_none_of_the_parameters(tmp_path, there):
    """Exporters keep all but the smallest tensors beside the model, so tables are looked at there."""
    constants = [weight("w", 16, 16), weight("v", 16, 4), array("t", MASK)]
    path = tmp_path / "model.onnx"
    model = model_of(TWO_LAYERS, constants, (1, 16, 16))
    onnx.save(model, path, save_as_external_data=True, location="model.data", size_threshold=0)
    if not there:
        (tmp_path / "model.data").unlink()
    notes = read(path).warnings
    assert cost_of(path) == (16 * 16 * 20, 256 + 64 + (0 if there else 256))
    assert ("model.data" in " ".join(notes)) is not there


def test_sizes_in_another_file_are_read(tmp_path):
    nodes = [("MatMul", ["x", "w"], ["a"]), ("Reshape", ["a", "s"], ["b"]), ("MatMul", ["b", "v"], ["y"])]
    constants = [weight("w", 16, 16), array("s", [1, 8, 32], np.int64), weight("v", 32, 4)]
    path = tmp_path / "model.onnx"
    model = model_of(nodes, constants, (1, 16, 16))
    onnx.save(model, path, save_as_external_data=True, location="model.data", size_threshold=0)
    assert cost_of(path) == (16 * 16 * 16 + 8 * 32 * 4, 256 + 128)


@pytest.mark.parametrize("entry", ["length", "offset"])
@pytest.mark.parametrize("value", ["-1", "x", str(2**70), str(2**40)])
def test_damaged_places_in_another_file_leave_the_sizes(tmp_path, entry, value):
    path = tmp_path / "model.onnx"
    model = model_of(TWO_LAYERS, [weight("w", 16, 16), weight("v", 16, 4), array("t", MASK)], (1, 16, 16))
    onnx.save(model, path, save_as_external_data=True, location="model.data", size_threshold=0)
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for said in tensor.external_data:
            if said.key == entry:
                said.value = value
    path.write_bytes(model.SerializeToString())
    assert cost_of(path)[0] == 16 * 16 * 20


def test_a_grid_that_is_made_of_tables_is_no_parameter(cost):
    """Two sides stretched to a grid and scaled, as a detector's head makes its anchors."""
    nodes = [
        literal("rows", np.arange(16)[:, None] + 0.5),
        literal("columns", np.arange(16)[None] + 0.5),
        ("Expand", ["rows", "square"], ["r"]),
        ("Expand", ["columns", "square"], ["c"]),
        ("Mul", ["r", "c"], ["t"]),
        *TWO_LAYERS,
    ]
    constants = [weight("w", 16, 16), weight("v", 16, 4), array("square", [16, 16], np.int64)]
    assert cost(nodes, constants, (1, 16, 16)) == (16 * 16 * 20, 320)


def test_a_bias_that_is_made_of_weights_is_still_counted(cost):
    nodes = [("Mul", ["p", "q"], ["t"]), *TWO_LAYERS]
    constants = [weight("w", 16, 16), weight("v", 16, 4), weight("p", 16, 1), weight("q", 1, 16)]
    assert cost(nodes, constants, (1, 16, 16)) == (16 * 16 * 20, 320 + 32)


def test_the_first_state_of_a_cell_is_no_parameter(cost):
    """Zeros times a weight, plus what comes in: the weight counts, the zeros do not, nor where they are multiplied."""
    nodes = [
        literal("h", np.zeros((1, 16))),
        ("MatMul", ["h", "u"], ["state"]),
        ("MatMul", ["x", "w"], ["a"]),
        ("Add", ["a", "state"], ["b"]),
        ("Sigmoid", ["b"], ["gate"]),
        ("Mul", ["gate", "h0"], ["kept"]),
        ("Add", ["kept", "b"], ["c"]),
        ("MatMul", ["c", "v"], ["y"]),
    ]
    constants = [weight("w", 16, 16), weight("u", 16, 16), weight("v", 16, 4), array("h0", np.zeros((1, 1, 16)))]
    assert cost(nodes, constants, (1, 1, 16)) == (16 * 36, 256 + 256 + 64)


@pytest.mark.parametrize("grouped", [True, False], ids=["group norm", "instance norm"])
def test_ones_and_zeros_of_an_instance_norm_without_weights(cost, grouped):
    """The operator asks for a scale and a bias, so exporters write some; those of a group norm stand behind it."""
    norm = ("InstanceNormalization", ["m", "one", "zero"], ["n"])
    if grouped:
        nodes = [
            ("Conv", ["x", "w"], ["a"]),
            ("Reshape", ["a", "groups"], ["m"]),
            norm,
            ("Reshape", ["n", "back"], ["o"]),
            ("Mul", ["o", "scale"], ["p"]),
            ("Add", ["p", "bias"], ["y"]),
        ]
        constants = [array("one", np.ones(2)), array("zero", np.zeros(2)), weight("scale", 4, 1, 1)]
        constants += [
            weight("bias", 4, 1, 1),
            array("groups", [1, 2, -1], np.int64),
            array("back", [1, 4, 8, 8], np.int64),
        ]
    else:
        nodes = [literal("one", np.ones(4)), literal("zero", np.zeros(4)), ("Conv", ["x", "w"], ["m"]), norm]
        nodes.append(("Relu", ["n"], ["y"]))
        constants = []
    found = cost(nodes, [weight("w", 4, 3, 1, 1), *constants], (1, 3, 8, 8))
    assert found == (64 * 12, 12 + (8 if grouped else 0))


@pytest.mark.parametrize("bits", [4, 8])
def test_weights_of_few_bits_count_each(cost, bits):
    """Blocks of 16, two rows of blocks for each output; a byte holds two numbers of 4 bits."""
    nodes = [("MatMulNBits", ["x", "q", "s", "z"], ["y"], {"K": 32, "N": 6, "bits": bits, "block_size": 16})]
    nodes = [node_of(*nodes[0], domain="com.microsoft")]
    constants = [array("q", DRAW.integers(0, 255, (6, 2, 2 * bits)), np.uint8), weight("s", 6, 2)]
    constants.append(array("z", np.zeros((6, 1 if bits == 4 else 2)), np.uint8))
    assert cost(nodes, constants, (1, 5, 32)) == (5 * 32 * 6, 32 * 6)


def test_an_embedding_of_few_bits(cost):
    rows = node_of("GatherBlockQuantized", ["q", "ids", "s"], ["e"], {"bits": 4, "block_size": 16}, "com.microsoft")
    constants = [array("q", DRAW.integers(0, 255, (50, 16)), np.uint8), weight("s", 50, 2), weight("v", 32, 4)]
    assert cost([rows, ("MatMul", ["e", "v"], ["y"])], constants, (1, 7)) == (7 * 32 * 4, 50 * 32 + 128)


def test_an_embedding_that_is_unpacked_behind_its_rows(cost):
    nodes = [
        ("Gather", ["q", "ids"], ["r"]),
        ("DequantizeLinear", ["r", "s", "z"], ["e"]),
        ("MatMul", ["e", "v"], ["y"]),
    ]
    constants = [array("q", DRAW.integers(0, 255, (50, 32)), np.uint8), array("s", 0.1), array("z", 3, np.uint8)]
    assert cost(nodes, [*constants, weight("v", 32, 4)], (1, 7)) == (7 * 32 * 4, 50 * 32 + 128)


@pytest.mark.parametrize(
    ("settings", "sizes", "macs"),
    [
        ({"transBatchA": 1, "transBatchB": 1, "transB": 1}, ((5, 3, 4), (6, 3, 4)), 3 * 5 * 6 * 4),
        ({"transBatchB": 1}, ((3, 5, 6), (6, 3, 4)), 3 * 5 * 6 * 4),
        ({"transA": 1}, ((3, 6, 5), (3, 6, 4)), 3 * 5 * 6 * 4),
    ],
)
def test_products_whose_axes_change_places_first(cost, settings, sizes, macs):
    """onnxruntime's optimiser puts the transposes around attention's products into them."""
    left, right = sizes
    nodes = [
        ("Reshape", ["x", "left"], ["a"]),
        ("Slice", ["x", "start", "end"], ["part"]),
        ("Reshape", ["part", "right"], ["b"]),
        node_of("FusedMatMul", ["a", "b"], ["y"], settings, "com.microsoft"),
    ]
    constants = [array(name, size, np.int64) for name, size in (("left", left), ("right", right))]
    elements = np.prod(left), np.prod(right)
    constants += [array("start", [0], np.int64), array("end", [elements[1]], np.int64)]
    if elements[1] > elements[0]:
        nodes[0], nodes[2] = ("Reshape", ["part", "left"], ["a"]), ("Reshape", ["x", "right"], ["b"])
        nodes[0], nodes[1] = nodes[1], nodes[0]
        constants[-1] = array("end", [elements[0]], np.int64)
    assert cost(nodes, constants, (int(max(elements)),)) == (macs, 0)
