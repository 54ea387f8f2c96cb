"""A file of ours says what it takes and what it answers, is the same each time, and lies as runtimes read it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from quantizing import quantized
from settling import settled

from featherbone.graph import Graph, image
from featherbone.nn import Model
from featherbone.quantize import QuantizedModel
from featherbone.ship.target import ExportForm
from featherbone.ship.tflite import to_tflite
from featherbone.ship.tflite.schema import schema

INT8 = ExportForm(precision="int8")
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


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize(("takes", "kind", "answer"), CASES)
def test_a_plain_runtime_is_told_names_types_and_shapes(trained, integers, precision, takes, kind, answer):
    model = integers if precision == "int8" else trained
    found = opened(to_tflite(model, ExportForm(precision=precision, input=takes)))
    (entry,), (result,) = found.get_input_details(), found.get_output_details()
    assert (entry["name"], entry["dtype"].__name__, list(entry["shape"])) == ("image", kind, [1, 16, 16, 3])
    assert (result["dtype"].__name__, list(result["shape"])) == ("float32", [1, 4])
    assert found.get_signature_list() == {"serving_default": {"inputs": ["image"], "outputs": [answer]}}


def test_metadata_hold_classes_and_the_rule_by_which_an_image_is_resized(trained):
    content = to_tflite(trained, ExportForm(input="image"))
    model = schema().Model.GetRootAs(content, 0)
    places = {model.Metadata(place).Name(): model.Metadata(place).Buffer() for place in range(model.MetadataLength())}
    texts = json.loads(bytes(model.Buffers(places[b"featherbone"]).DataAsNumpy()))
    assert json.loads(texts["featherbone.classes"]) == list(trained.classes)
    rule = json.loads(texts["featherbone.preprocessing"])
    assert (rule["resolution"], rule["crop"], rule["interpolation"]) == (16, 1.0, "bilinear")
    assert texts["featherbone.input"] == "image"


def test_the_same_model_is_the_same_file(integers):
    assert to_tflite(integers, INT8) == to_tflite(integers, INT8)


def test_int8_takes_a_fourth_of_float32(trained):
    graph = image(3, 8).conv(64, 3).conv(64, 3).act("relu").global_pool().flatten().linear(4).graph("wide")
    seen, names = replace(trained.preprocessing, resolution=8), trained.classes
    whole = to_tflite(Model(graph=graph, weights=settled(graph), classes=names, preprocessing=seen), ExportForm())
    small = to_tflite(QuantizedModel(network=quantized(graph), classes=names, preprocessing=seen), INT8)
    assert len(whole) - len(small) == pytest.approx(3 * (9 * 64 * (3 + 64) + 64 * 4), rel=0.05)


def test_constants_lie_where_vector_instructions_read_them(trained):
    content = to_tflite(trained, ExportForm())
    start = np.frombuffer(content, dtype=np.uint8).__array_interface__["data"][0]
    places = [values.__array_interface__["data"][0] - start for values in constants(content)]
    assert len(places) > 5
    assert {place % 16 for place in places} == {0}


def test_weights_of_a_layer_that_is_called_twice_are_held_once(trained):
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
        Model(graph=graph, weights=weights, classes=trained.classes, preprocessing=trained.preprocessing),
        ExportForm(),
    )
    wanted = weights["first.weight"].permute(0, 2, 3, 1).contiguous().numpy().tobytes()
    assert content.count(wanted) == 1


def test_weights_in_memory_are_not_changed(trained):
    before = {name: tensor.clone() for name, tensor in trained.weights.items()}
    to_tflite(trained, ExportForm())
    assert all(torch.equal(before[name], tensor) for name, tensor in trained.weights.items())
