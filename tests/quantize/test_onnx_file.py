"""The file in ONNX Runtime answers as the reference does."""

import onnx
import pytest
import torch
from narrowing import lively_weights, smallest
from onnx import numpy_helper
from quantizing import noise, quantized

from featherbone.measure.onnx_session import open_session
from featherbone.networks import NETWORKS
from featherbone.quantize import FakeQuantized, nearest_network, prepared, to_qdq

ZOO = ["squeezenet1_1", "cifar_resnet20", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2", "efficientnet_lite0"]
IMAGES = 64


def answers(network, path, images):
    """Of ONNX Runtime and of the module."""
    proto = to_qdq(network)
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString())
    found = open_session(path).run(None, {"image": images.numpy()})[0]
    return torch.from_numpy(found), FakeQuantized(network)(images)


@pytest.mark.parametrize("name", ZOO)
def test_a_network_of_the_zoo_answers_alike_in_onnx_runtime(tmp_path, name):
    """Same class for 99.5 %, and within a step of the logits for nearly all, though their weights are random."""
    settings = {"width": 0.5} if "width" in NETWORKS[name].settings else {}
    network = quantized(smallest(name, **settings), seed=len(name))
    found, expected = answers(network, tmp_path / "q.onnx", noise(network.graph, IMAGES, seed=2))
    step = network.grids[network.graph.outputs[0]].step
    assert (found.argmax(1) == expected.argmax(1)).double().mean() >= 0.995
    assert ((found - expected).abs() <= 1.01 * step).double().mean() >= 0.95


@pytest.mark.parametrize(("bits", "maps"), [(4, 8), (8, 16)])
def test_other_bits(tmp_path, bits, maps):
    network = quantized(smallest("cifar_resnet20"), bits=bits, maps=maps)
    found, expected = answers(network, tmp_path / "q.onnx", noise(network.graph, 16, seed=2))
    assert (found.argmax(1) == expected.argmax(1)).all()


def test_integers_of_the_file_are_those_of_the_grids_without_their_sign():
    network = quantized(smallest("cifar_resnet20"))
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in to_qdq(network).graph.initializer}
    for name, grid in network.grids.items():
        if f"{name}/zero" in held:
            assert held[f"{name}/zero"] == grid.zero + 128
            assert held[f"{name}/zero"].dtype == "uint8"
            assert held[f"{name}/step"] == pytest.approx(grid.step)


def test_weights_between_maps_in_float_are_numbers():
    """A file of them is as large, and as fast, as that of the float network."""
    graph = smallest("cifar_resnet20")
    network = nearest_network(prepared(graph, lively_weights(graph)), {}, 4)
    assert {node.op_type for node in to_qdq(network).graph.node} & {"QuantizeLinear", "DequantizeLinear"} == set()


def test_maps_of_a_convolution_and_its_relu_are_one_in_the_file():
    network = quantized(smallest("cifar_resnet20"))
    made = [node.output[0] for node in to_qdq(network).graph.node if node.op_type == "QuantizeLinear"]
    assert "stem.conv/quantized" not in made
    assert "stem.conv_act/quantized" in made
