"""Operators that arrange channels come back from the files that hold them."""

import onnx
import pytest

from featherbone.graph import image
from featherbone.graph.operators import Opaque, Reorder
from featherbone.importing import read_model
from featherbone.nn import untrained_onnx


def test_an_order_of_channels_comes_back(tmp_path):
    graph = image(4, 8).conv(6, 3).reorder((5, 0, 1, 4, 2, 3)).pointwise(3).graph("net")
    onnx.save(untrained_onnx(graph), tmp_path / "net.onnx")
    assert [node.operator for node in read_model(tmp_path / "net.onnx").nodes] == [
        node.operator for node in graph.nodes
    ]


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 1, 2, 3, 4, 4], [0, 1, 2, 3, 4, 5, 0], [5, 4, 3, 2, 1, -6]])
def test_what_is_no_order_is_picked_without_a_rule(tmp_path, order):
    graph = image(4, 8).conv(6, 3).reorder((5, 0, 1, 4, 2, 3), name="r").graph("net")
    model = untrained_onnx(graph)
    (places,) = (each for each in model.graph.initializer if each.name == "r/order")
    places.CopyFrom(onnx.helper.make_tensor("r/order", onnx.TensorProto.INT64, [len(order)], order))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = len(order)
    onnx.save(model, tmp_path / "net.onnx")
    last = read_model(tmp_path / "net.onnx").nodes[-1]
    assert isinstance(last.operator, Opaque)
    assert not isinstance(last.operator, Reorder)
    assert last.shape == (len(order), 8, 8)
