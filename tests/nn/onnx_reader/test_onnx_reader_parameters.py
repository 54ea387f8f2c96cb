"""Parameters of ONNX files: what stands in a weight's place, and none of what an exporter wrote out beside it."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from featherbone.cli.main import app
from featherbone.cost import count
from featherbone.importing import read

TRAINED = np.random.default_rng(0)


def array(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def weight(name, *shape):
    return array(name, TRAINED.normal(size=shape))


def saved(path, nodes, constants, size=(1, 3, 8, 8), opset=17, outputs=("y",)):
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, size)]
    graph = helper.make_graph(nodes, "g", given, made, constants)
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10), path)
    return path


@pytest.fixture
def params(tmp_path):
    """Parameters of a network of these nodes, and the names of its constants by what they are."""

    def counted(nodes, constants, **settings):
        nodes = [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes]
        imported = read(saved(tmp_path / "model.onnx", nodes, constants, **settings))
        count_ = count(imported.graph)
        assert count_.complete
        return count_.params, {one.name: one.role for one in imported.constants}

    return counted


CONV = ("Conv", ["x", "w", "b"], ["y"])
FIRST = ("Conv", ["x", "w"], ["m"])


def test_weights_and_biases_of_one_element(params):
    assert params([CONV], [weight("w", 1, 3, 3, 3), weight("b", 1)]) == (28, {})
    assert params([CONV], [weight("w", 1, 1, 1, 1), weight("b", 1)], size=(1, 1, 8, 8)) == (2, {})
    linear = [("MatMul", ["x", "w"], ["p"]), ("Add", ["p", "b"], ["y"])]
    assert params(linear, [weight("w", 8, 1), weight("b", 1)], size=(1, 5, 8)) == (9, {})
    statistics = [weight(name, 1) for name in "stmv"]
    norm = ("BatchNormalization", ["x", *"stmv"], ["y"])
    assert params([norm], statistics, size=(1, 1, 4, 4)) == (2, {})


def quantized(name, shape, kind=np.int8):
    return [
        array(f"{name}_q", np.ones(shape), kind),
        array(f"{name}_scale", np.ones(shape[0])),
        array(f"{name}_zero", np.zeros(shape[0]), kind),
    ]


def unpacked(name, axis=0):
    return ("DequantizeLinear", [f"{name}_q", f"{name}_scale", f"{name}_zero"], [name], {"axis": axis})


def test_int8_weights_and_int32_biases_are_parameters_without_their_steps(params):
    constants = [
        *quantized("w", (4, 3, 3, 3)),
        *quantized("b", (4,), np.int32),
        array("s", 0.1),
        array("z", 0, np.int8),
    ]
    nodes = [("QuantizeLinear", ["x", "s", "z"], ["q"]), ("DequantizeLinear", ["q", "s", "z"], ["d"])]
    nodes += [unpacked("w"), unpacked("b"), ("Conv", ["d", "w", "b"], ["y"])]
    steps = dict.fromkeys(("w_scale", "w_zero", "b_scale", "b_zero", "s", "z"), "quantization")
    assert params(nodes, constants) == (112, steps)


@pytest.mark.parametrize("kind", ["Transpose", "Reshape", "Cast", "Identity", "Unsqueeze", "Transpose of int8"])
def test_weights_that_are_arranged_before_they_are_used(params, kind):
    shapes = {"Unsqueeze": (8,), "Reshape": (2, 4, 5)}
    arranged = {"Reshape": array("n", [8, 5], np.int64), "Unsqueeze": array("n", [1], np.int64)}
    attributes = {
        "Cast": {"to": TensorProto.FLOAT},
        "Transpose": {"perm": [1, 0]},
        "Transpose of int8": {"perm": [1, 0]},
    }
    name = kind.split()[0]
    shape = shapes.get(kind, (5, 8) if name == "Transpose" else (8, 5))
    constants = [*quantized("w", shape)] if "int8" in kind else [weight("w", *shape)]
    more = [arranged[kind]] if kind in arranged else []
    nodes = [unpacked("w")] if "int8" in kind else []
    nodes += [
        (name, ["w", *(one.name for one in more)], ["a"], attributes.get(kind, {})),
        ("MatMul", ["x", "a"], ["y"]),
    ]
    assert params(nodes, [*constants, *more], size=(1, 3, 8))[0] == np.prod(shape)


@pytest.mark.parametrize("maker", ["ConstantOfShape", "RandomNormal"])
def test_weights_that_the_file_makes_when_it_runs(params, maker):
    sizes = [array("sizes", [4, 3, 3, 3], np.int64)] if maker == "ConstantOfShape" else []
    attributes = {} if sizes else {"shape": [4, 3, 3, 3]}
    assert params([(maker, ["sizes"] * len(sizes), ["w"], attributes), (*FIRST[:2], ["y"])], sizes) == (108, {})


def test_statistics_that_the_file_makes_are_no_parameters(params):
    makers = [("ConstantOfShape", ["n"], [name]) for name in "stmv"]
    assert params([*makers, ("BatchNormalization", ["x", *"stmv"], ["y"])], [array("n", [3], np.int64)]) == (6, {})


TABLES = {
    "grid": array("t", np.stack(np.meshgrid(np.arange(6) + 0.5, np.arange(6) + 0.5))[None]),
    "anchors": array("t", np.array([[10, 13], [16, 30], [33, 23]]).reshape(1, 6, 1, 1)),
    "strides": array("t", np.array([8, 8, 16, 16, 32, 32]).reshape(1, 6, 1, 1)),
    "fractions": weight("t", 1, 1, 6, 6),
}


@pytest.mark.parametrize(
    ("table", "kind"), [("grid", "Add"), ("anchors", "Mul"), ("strides", "Mul"), ("fractions", "Mul")]
)
@pytest.mark.parametrize("literal", [False, True])
def test_tables_behind_the_last_layer(params, table, kind, literal):
    nodes = [FIRST, ("Sigmoid", ["m"], ["s"]), (kind, ["s", "t"], ["y"])]
    constants = [weight("w", 6 if table in ("anchors", "strides") else 2, 3, 3, 3)]
    if literal:
        nodes.insert(0, ("Constant", [], ["t"], {"value": TABLES[table]}))
    else:
        constants.append(TABLES[table])
    assert params(nodes, constants) == (constants[0].dims[0] * 27, {"t": "table"})


def test_states_of_zeros_and_means_of_pixels(params):
    constants = [
        weight("w", 1, 24, 8),
        weight("r", 1, 24, 6),
        array("h", np.zeros((1, 1, 6))),
        array("c", np.zeros((1, 1, 6))),
    ]
    node = ("LSTM", ["x", "w", "r", "", "", "h", "c"], ["y"], {"hidden_size": 6})
    assert params([node], constants, size=(7, 1, 8)) == (336, {"h": "table", "c": "table"})
    pixels = [array("mean", np.reshape([0.485, 0.456, 0.406], (1, 3, 1, 1))), weight("w", 2, 3, 3, 3)]
    nodes = [("Sub", ["x", "mean"], ["n"]), ("Conv", ["n", "w"], ["y"])]
    assert params(nodes, pixels) == (54, {"mean": "table"})


def test_a_mask_between_layers_is_no_parameter_and_trained_positions_are(params):
    mask = np.triu(np.full((5, 5), -np.inf), 1)
    scores = [("MatMul", ["x", "q"], ["a"]), ("MatMul", ["a", "k"], ["s"]), ("Add", ["s", "t"], ["m"])]
    scores += [("Softmax", ["m"], ["p"]), ("MatMul", ["p", "v"], ["y"])]
    constants = [weight("q", 8, 8), weight("k", 8, 5), weight("v", 5, 8)]
    assert params(scores, [*constants, array("t", mask)], size=(1, 5, 8)) == (144, {"t": "table"})
    assert params(scores, [*constants, weight("t", 1, 5, 5)], size=(1, 5, 8)) == (169, {})


def test_biases_and_scales_of_layers_are_parameters(params):
    """Also at the end, also where they are still zeros and ones, and of any values where they are added."""
    nodes = [("MatMul", ["x", "w"], ["p"]), ("Mul", ["p", "g"], ["s"]), ("Add", ["s", "b"], ["y"])]
    for gain, shift in ((np.ones(4), np.zeros(4)), (TRAINED.normal(size=4), np.arange(4))):
        assert params(nodes, [weight("w", 8, 4), array("g", gain), array("b", shift)], size=(1, 5, 8)) == (40, {})


def test_weights_of_a_function_and_of_a_branch(tmp_path):
    """Weights are given to a function that unpacks them; those of a branch stand in it."""
    body = [helper.make_node("Transpose", ["B"], ["C"], perm=[1, 0]), helper.make_node("MatMul", ["A", "C"], ["D"])]
    domain, onnx_ = helper.make_opsetid("my", 1), helper.make_opsetid("", 17)
    function = helper.make_function("my", "Layer", ["A", "B"], ["D"], body, [onnx_])
    inner = helper.make_graph(
        [helper.make_node("MatMul", ["a", "v"], ["b"])],
        "then",
        [],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, 5])],
        [weight("v", 4, 5)],
    )
    nodes = [
        helper.make_node("Layer", ["x", "w"], ["a"], domain="my"),
        helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner),
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in (("x", 8), ("y", 5)))
    graph = helper.make_graph(nodes, "g", [x], [y], [weight("w", 4, 8), array("yes", True, np.bool_)])
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[domain, onnx_], functions=[function]), path)
    imported = read(path)
    counted = count(imported.graph)
    assert (counted.params, counted.macs, counted.complete, imported.constants) == (52, 52, True, ())


def test_numbers_that_maps_are_scaled_with_are_none(params):
    nodes = [FIRST, ("Mul", ["m", "half"], ["n"]), ("Conv", ["n", "v"], ["y"])]
    assert params(nodes, [weight("w", 4, 3, 3, 3), array("half", [0.5]), weight("v", 2, 4, 1, 1)]) == (116, {})


def test_a_network_and_its_int8_form_have_the_same_parameters(tmp_path):
    """As ONNX Runtime's own quantizer writes it: weights int8, biases int32, per tensor and per channel."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Noise(CalibrationDataReader):
        def __init__(self):
            self.images = iter([{"x": TRAINED.normal(size=(1, 3, 8, 8)).astype(np.float32)}] * 2)

        def get_next(self):
            return next(self.images, None)

    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["a"], pads=[1] * 4, strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["r"]),
        helper.make_node("Conv", ["r", "w2", "b2"], ["c"], group=6, pads=[1] * 4),
        helper.make_node("GlobalAveragePool", ["c"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "w3", "b3"], ["y"], transB=1),
    ]
    constants = [weight("w1", 6, 3, 3, 3), weight("b1", 6), weight("w2", 6, 1, 3, 3), weight("b2", 6)]
    constants += [weight("w3", 1, 6), weight("b3", 1)]
    path = saved(tmp_path / "float.onnx", nodes, constants)
    right = count(read(path).graph)
    assert (right.params, right.complete) == (162 + 6 + 54 + 6 + 7, True)
    for channels in (False, True):
        small = tmp_path / "int8.onnx"
        quantize_static(path, small, Noise(), quant_format=QuantFormat.QDQ, per_channel=channels)
        counted = count(read(small).graph)
        assert (counted.params, counted.macs, counted.complete) == (right.params, right.macs, True)


def test_the_shell_lists_the_constants(tmp_path):
    nodes = [helper.make_node(*FIRST), helper.make_node("Add", ["m", "t"], ["y"])]
    path = saved(tmp_path / "model.onnx", nodes, [weight("w", 2, 3, 3, 3), TABLES["grid"]])
    shown = CliRunner().invoke(app, ["cost", str(path)]).output
    assert "constants, which are no parameters: t 1×2×6×6" in shown
    document = json.loads(CliRunner().invoke(app, ["cost", str(path), "--json"]).stdout)
    assert document["constants"] == [{"name": "t", "shape": [1, 2, 6, 6], "role": "table"}]
    assert document["totals"]["params"] == 54
