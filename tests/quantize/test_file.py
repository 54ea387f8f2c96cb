"""What is written is read again, bit for bit, and nothing else is read."""

import json

import numpy as np
import pytest
import torch
from narrowing import smallest
from quantizing import noise, quantized

import featherbone
from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.importing import read
from featherbone.nn import Model, Preprocessing, module, read_tensors, save_model, weights_of, write_tensors
from featherbone.nn import load_model as load_float_model
from featherbone.quantize import (
    QuantizedModel,
    load_model,
    load_quantized,
    nearest_network,
    prepared,
    reference,
    save_quantized,
)
from featherbone.ship import load_predictor

SEEN = Preprocessing(resolution=8, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)


def tiny():
    x = (
        image(3, 8)
        .conv(6, 3, name="first", bias=True)
        .act("relu")
        .local_response_norm(name="lrn")
        .conv(5, 3, name="second")
    )
    return x.global_pool().flatten().linear(2, name="last").graph("tiny")


def model(bits=8, graph=None):
    network = quantized(graph or tiny(), bits=bits)
    classes = tuple(map(str, range(network.graph.output_shape[0])))
    side = network.graph.input_shape[1]
    seen = Preprocessing(resolution=side, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    return QuantizedModel(network=network, classes=classes, preprocessing=seen, provenance={"made": "here"})


@pytest.mark.parametrize("bits", [8, 6, 5, 4, 3, 2])
def test_a_model_is_read_as_it_was_written(tmp_path, bits):
    written = model(bits)
    save_quantized(tmp_path / "q.safetensors", written)
    again = load_quantized(tmp_path / "q.safetensors")
    assert again.network.graph == written.network.graph
    assert (again.network.grids, again.classes, again.provenance) == (
        written.network.grids,
        ("0", "1"),
        {"made": "here"},
    )
    for name, layer in written.network.layers.items():
        read_again = again.network.layers[name]
        assert torch.equal(read_again.levels, layer.levels)
        assert torch.equal(read_again.steps, layer.steps)
        assert read_again.bits == bits
        assert (layer.bias is None) == (read_again.bias is None)
    images = noise(written.graph, 2).numpy()
    assert np.array_equal(reference(again.network, images), reference(written.network, images))


def test_a_file_has_the_size_of_its_bits(tmp_path):
    sizes = []
    for bits in (8, 4, 2):
        save_quantized(tmp_path / "q.safetensors", model(bits, smallest("cifar_resnet20")))
        sizes.append(
            sum(
                tensor.nbytes
                for key, tensor in read_tensors(tmp_path / "q.safetensors")[0].items()
                if key.endswith("weight")
            )
        )
    assert [round(sizes[0] / size, 2) for size in sizes] == [1, 2, 4]


def test_whoever_needs_float_weights_says_so_and_whoever_does_not_reads_both(tmp_path):
    path, floats = tmp_path / "q.safetensors", tmp_path / "f.safetensors"
    save_quantized(path, model())
    with pytest.raises(FeatherboneError, match="is a quantized model; this needs one with float weights"):
        load_float_model(path)
    graph = tiny()
    save_model(
        floats, Model(graph=graph, weights=weights_of(module(graph, seed=0)), classes=("0", "1"), preprocessing=SEEN)
    )
    with pytest.raises(FeatherboneError, match="is not a quantized model: its format is 'featherbone-model'"):
        load_quantized(floats)
    assert isinstance(load_model(floats), Model)
    assert isinstance(load_model(path), QuantizedModel)
    assert featherbone.load_model is load_model, "one door for all of them"
    found = read(path)
    assert found.dtype == "int8"
    assert "weights of 8 bits" in found.warnings[0]
    assert found.warnings[1] == "left in float: lrn"
    assert load_predictor(path).log_probabilities(np.zeros((1, 8, 8, 3), np.uint8)).shape == (1, 2)


def test_weights_alone_may_be_integers(tmp_path):
    graph = tiny()
    network = nearest_network(prepared(graph, weights_of(module(graph, seed=0))), {}, bits=4)
    save_quantized(tmp_path / "q.safetensors", QuantizedModel(network=network, classes=("0", "1"), preprocessing=SEEN))
    again = load_quantized(tmp_path / "q.safetensors").network
    assert again.layers["first"].bias.dtype == torch.float32
    assert not any(again.in_integers(name) for name in again.layers)


def damaged(path, change):
    """The file with a change of its quantization or tensors, sealed again."""
    tensors, header = read_tensors(path)
    quantization = json.loads(header["quantization"])
    change(tensors, quantization, header)
    write_tensors(path, tensors, header | {"quantization": json.dumps(quantization)})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t, q, h: h.update(version="9"), "version '9'; this featherbone reads 1"),
        (lambda t, q, h: q.pop("maps"), "does not say its maps"),
        (lambda t, q, h: q["maps"].update(image=[0.0, 0, 8]), "step of a map is 0.0"),
        (lambda t, q, h: q["maps"].update(image=[0.1, 300, 8]), "zero of a map is 300"),
        (lambda t, q, h: q["maps"].update(image=[0.1, 0, 7]), "7 bits is not possible"),
        (lambda t, q, h: q["maps"].update(image=["a", 0, 8]), "must be a number"),
        (lambda t, q, h: q["maps"].update(nobody=[0.1, 0, 8]), "no node 'nobody'"),
        (lambda t, q, h: q["layers"].update(first=7), "7 are no bits of a weight"),
        (lambda t, q, h: q["layers"].update(first=8), "levels of shape"),
        (lambda t, q, h: q["layers"].update(first_act=4), "first_act lacks its weight,"),
        (lambda t, q, h: t.pop("first.steps"), "layer first lacks its steps"),
        (lambda t, q, h: t.update({"first.steps": -t["first.steps"]}), "positive, finite"),
        (lambda t, q, h: t.update({"first.weight": t["first.weight"][:-1]}), "are not 162 numbers of 4 bits"),
        (lambda t, q, h: t.update({"first.bias": t["first.bias"].float()}), "bias of 6 numbers in int32"),
        (lambda t, q, h: t.pop("first.bias"), "lacks a bias"),
        (lambda t, q, h: t.update(more=torch.ones(1)), "more is no float tensor of tiny"),
    ],
)
def test_a_file_that_does_not_fit_itself_is_refused_in_a_sentence(tmp_path, change, said):
    path = tmp_path / "q.safetensors"
    save_quantized(path, model(4))
    damaged(path, change)
    with pytest.raises(FeatherboneError, match=said):
        load_quantized(path)
