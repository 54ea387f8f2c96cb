"""A file of ours says what it takes and what it answers, is the same each time, and lies as runtimes read it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from quantizing import quantized
from settling import settled

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.nn import Model
from featherbone.quantize import QuantizedModel
from featherbone.ship.tflite import export_tflite, to_tflite
from featherbone.ship.tflite.schema import schema

CASES = [("tensor", "float32", "logits"), ("image", "uint8", "probabilities")]


def opened(content):
    from ai_edge_litert.interpreter import Interpreter

    found = Interpreter(model_content=content)
    found.allocate_tensors()
    return found


def constants(content):
    """The bytes of each buffer, as they lie in the file."""
    model = schema().Model.GetRootAs(content, 0)
    found = [model.Buffers(place).DataAsNumpy() for place in range(model.BuffersLength())]
    return [values for values in found if isinstance(values, np.ndarray)]


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize(("takes", "kind", "answer"), CASES)
def test_a_plain_runtime_is_told_names_types_and_shapes(float_model, integer_model, integers, takes, kind, answer):
    found = opened(to_tflite(integer_model if integers else float_model, takes=takes))
    (entry,), (result,) = found.get_input_details(), found.get_output_details()
    assert (entry["name"], entry["dtype"].__name__, list(entry["shape"])) == ("image", kind, [1, 16, 16, 3])
    assert (result["dtype"].__name__, list(result["shape"])) == ("float32", [1, 4])
    assert found.get_signature_list() == {"serving_default": {"inputs": ["image"], "outputs": [answer]}}


def test_metadata_hold_classes_and_the_rule_by_which_an_image_is_resized(float_model):
    content = to_tflite(float_model, takes="image")
    model = schema().Model.GetRootAs(content, 0)
    places = {model.Metadata(place).Name(): model.Metadata(place).Buffer() for place in range(model.MetadataLength())}
    texts = json.loads(bytes(model.Buffers(places[b"featherbone"]).DataAsNumpy()))
    assert json.loads(texts["featherbone.classes"]) == list(float_model.classes)
    rule = json.loads(texts["featherbone.preprocessing"])
    assert (rule["resolution"], rule["crop"], rule["interpolation"]) == (16, 1.0, "bilinear")
    assert texts["featherbone.input"] == "image"


def test_the_same_model_is_the_same_file(integer_model):
    assert to_tflite(integer_model) == to_tflite(integer_model)


def test_int8_takes_a_fourth_of_float32(float_model):
    graph = image(3, 8).conv(64, 3).conv(64, 3).act("relu").global_pool().flatten().linear(4).graph("wide")
    seen, names = replace(float_model.preprocessing, resolution=8), float_model.classes
    whole = to_tflite(Model(graph=graph, weights=settled(graph), classes=names, preprocessing=seen))
    small = to_tflite(QuantizedModel(network=quantized(graph), classes=names, preprocessing=seen))
    assert len(whole) - len(small) == pytest.approx(3 * (9 * 64 * (3 + 64) + 64 * 4), rel=0.05)


def test_constants_lie_where_vector_instructions_read_them(float_model):
    content = to_tflite(float_model)
    start = np.frombuffer(content, dtype=np.uint8).__array_interface__["data"][0]
    places = [values.__array_interface__["data"][0] - start for values in constants(content)]
    assert len(places) > 5
    assert {place % 16 for place in places} == {0}


def test_weights_of_a_layer_that_is_called_twice_are_held_once(float_model):
    x = image(3, 16)
    first = x.pointwise(3, name="first").graph("one")
    entries = [(node.name, node.operator, node.inputs) for node in first.nodes]
    pool = x.global_pool().flatten().linear(4, name="last").graph("pool")
    entries += [("second", first["first"].operator, ("first",))]
    entries += [
        (node.name, node.operator, ("second",) if node.inputs == ("image",) else node.inputs) for node in pool.nodes[1:]
    ]
    graph = Graph.build("twice", entries, ("last",), shares={"second": "first"})
    weights = settled(graph)
    content = to_tflite(
        Model(graph=graph, weights=weights, classes=float_model.classes, preprocessing=float_model.preprocessing)
    )
    wanted = weights["first.weight"].permute(0, 2, 3, 1).contiguous().numpy().tobytes()
    assert content.count(wanted) == 1


def test_another_word_for_what_it_takes_is_refused_before_anything_is_written(float_model, tmp_path):
    with pytest.raises(FeatherboneError, match=r"a file that takes 'imge' is not possible \(did you mean image\?\)"):
        export_tflite(float_model, tmp_path / "model.tflite", takes="imge")
    assert list(tmp_path.iterdir()) == []


def test_without_the_runtime_the_line_that_installs_it(float_model, tmp_path, monkeypatch):
    monkeypatch.setattr("featherbone.ship.tflite.schema.find_spec", lambda name: None)
    with pytest.raises(
        FeatherboneError, match=r"ai-edge-litert, which is not installed \(pip install 'featherbone\[tfl"
    ):
        export_tflite(float_model, tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []


def test_weights_in_memory_are_not_changed(float_model):
    before = {name: tensor.clone() for name, tensor in float_model.weights.items()}
    to_tflite(float_model)
    assert all(torch.equal(before[name], tensor) for name, tensor in float_model.weights.items())
