"""Small ONNX files, node by node, that state no shape but their inputs'."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from featherbone.cost import count
from featherbone.importing import read

FLOAT, WHOLE, BYTE = np.float32, np.int64, np.uint8


def array(name, values, dtype=WHOLE):
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def weight(name, *shape, dtype=FLOAT):
    return numpy_helper.from_array(np.zeros(shape, dtype=dtype), name)


def given(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def unstated(name, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, None)


def saved(folder, nodes, weights=(), inputs=None, *, opset=17, outputs=("y",), functions=(), domains=()):
    """A file that states no shape but its inputs'."""
    graph = helper.make_graph(
        nodes, "g", inputs or [given("x", 1, 4, 8, 8)], list(map(unstated, outputs)), list(weights)
    )
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=imports, functions=functions, ir_version=10), path)
    return path


def counted(*settings, **named):
    return count(read(saved(*settings, **named)).graph)


def node(kind, inputs, outputs=("y",), **attributes):
    return helper.make_node(kind, inputs.split(), list(outputs), **attributes)
