"""Inputs as text, in a shell and in Python: what they become, what they are refused with, and who is asked."""

import shlex

import pytest
import torch
from torch import nn

from featherbone.errors import FeatherboneError
from featherbone.importing import ImportedWarning, profile, read_model
from featherbone.nn.input_text import by_name, parsed


def test_texts_become_tensors_without_values():
    given, named = parsed(["3x160×160", "ids:128:int64", "t:scalar:int64", "[3x8x8,3x4x8]:float16", (3, 4)])
    assert given[0] == (3, 160, 160)
    assert [(tuple(one.shape), one.dtype) for one in given[1]] == [
        ((3, 8, 8), torch.float16),
        ((3, 4, 8), torch.float16),
    ]
    assert given[2] == (3, 4)
    assert (tuple(named["ids"].shape), named["ids"].dtype) == ((1, 128), torch.int64)
    assert tuple(named["t"].shape) == (1,)
    assert given[1][0].is_meta
    assert by_name({"x": "3x4", "y": (5,)})["y"] == (5,)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("3,224,224", "did you mean 3x224x224?"),
        ("(3, 224, 224)", "did you mean 3x224x224?"),
        ("3x0x4", "sides of 1 to"),
        ("x".join(["2"] * 9), "at most 8"),
        ("9" * 400, "sides of 1 to"),
        ("1000000x1000000x10", "sides of 1 to"),
        ("ids:128:long", "int64"),
        ("ids:128:int46", "did you mean int64?"),
        ("ids:", "such as"),
        ("", "such as"),
        (":::", "such as"),
        ("3x-1x4", "such as"),
        ("[3x4,]", "such as"),
        ("a b:3x4", "such as"),
    ],
)
def test_texts_that_are_refused(text, hint):
    with pytest.raises(FeatherboneError) as caught:
        parsed([text])
    assert hint in caught.value.hint
    assert len(caught.value.sentence) < 200


def test_a_batch_is_cut_to_one_example_and_said_unless_it_is_none():
    layer = nn.Linear(8, 8)
    assert profile(layer, inputs="=7x5x8").macs == 7 * 5 * 64
    assert profile(layer, inputs=["input:=7x5x8:float32"]).macs == 7 * 5 * 64
    with pytest.warns(ImportedWarning, match="a batch of 7, and the counts are for one .* '=7x5x8'"):
        assert profile(layer, inputs=[torch.rand(7, 5, 8)]).macs == 5 * 64


def test_a_name_twice_is_refused():
    with pytest.raises(FeatherboneError, match="given twice"):
        parsed(["ids:3:int64", "ids:3:int64"])


def test_the_same_texts_in_python():
    assert profile(nn.Embedding(10, 4), inputs="7:int64").graph.output_shape == (7, 4)
    assert profile(nn.Bilinear(3, 4, 5), inputs={"input1": "3", "input2": (4,)}).macs > 0
    with pytest.raises(FeatherboneError, match="takes 2 inputs"):
        profile(nn.Bilinear(3, 4, 5), inputs={"input1": "3", "input3": (4,)})
    with pytest.raises(FeatherboneError, match=r"takes 1 inputs .* was given 0"):
        profile(nn.Embedding(10, 4), inputs=[])


def test_open_sizes_of_an_onnx_file_are_filled(tmp_path):
    from onnx import TensorProto, helper, save

    text = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "w"], ["y"]), helper.make_node("Relu", ["y"], ["z"])],
        "g",
        [text("image", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [text("z", TensorProto.FLOAT, ["batch", 8, "height", "width"])],
        [helper.make_tensor("w", TensorProto.FLOAT, [8, 3, 1, 1], [0.0] * 24)],
    )
    path = tmp_path / "open.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    with pytest.raises(FeatherboneError, match="dynamic size 'height'") as caught:
        read_model(path)
    assert "--input image:3x224x224" in caught.value.hint
    for inputs in (["3x20x30"], ["image:3x20x30"], {"image": (3, 20, 30)}, [torch.empty(1, 3, 20, 30)]):
        assert profile(path, inputs=inputs).macs == 24 * 600
    assert profile(path, (3, 20, 30)).macs == 24 * 600
    for inputs, sentence in ((["4x20x30"], "4×20×30"), (["x:3x2x2"], "no input 'x'"), (["3x2x2"] * 2, "1 inputs")):
        with pytest.raises(FeatherboneError, match=sentence):
            read_model(path, inputs=inputs)


def open_file(path, names, nodes, weights, sizes):
    from onnx import TensorProto, helper, save

    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in zip(names, sizes, strict=True)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


@pytest.mark.filterwarnings("ignore:exported for a batch of 3")
@pytest.mark.parametrize("name", ["input.1", "serving_default_x:0", "0", "/model/x", "x"])
@pytest.mark.parametrize("size", [["n", 3, "h", "w"], [-1, 3, -1, -1], [3, "batch", "h", "w"], [3, "h", "w"], None])
def test_the_hint_of_an_open_size_can_be_typed_and_works(tmp_path, name, size):
    """The network takes sides of at most 128, which 224 is not."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Flatten", [name], ["f"], axis=0 if size is None or len(size) == 4 else 1),
        helper.make_node("Slice", ["f", "low", "high", "axis"], ["part"]),
        helper.make_node("MatMul", ["part", "w"], ["y"]),
    ]
    weights = [
        *(
            helper.make_tensor(n, TensorProto.INT64, [1], [v])
            for n, v in (("low", 0), ("high", 128 * 128), ("axis", 1))
        ),
        helper.make_tensor("w", TensorProto.FLOAT, [16384, 1], bytes(65536), raw=True),
    ]
    if size is None or len(size) == 4:
        nodes[0] = helper.make_node("Reshape", [name, "shape"], ["f"])
        weights.append(helper.make_tensor("shape", TensorProto.INT64, [2], [3, 128 * 128]))
    path = open_file(tmp_path / "open.onnx", [name], nodes, weights, [size])
    with pytest.raises(FeatherboneError) as caught:
        read_model(path)
    typed = shlex.split(caught.value.hint.split(";")[0].removeprefix("say it: "))
    assert typed[0] == "--input"
    assert profile(path, inputs=typed[1::2]).macs in (3 * 128 * 128, 128 * 128)  # 3 in front may be channels or images
