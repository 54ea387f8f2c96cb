"""Networks as TensorFlow Lite files, what these answer, and the maps inside of them."""

from __future__ import annotations

import numpy as np
import torch

from featherbone.graph import Graph
from featherbone.graph.operators import Flatten
from featherbone.nn import module_with
from featherbone.quantize import QuantizedNetwork, prepared
from featherbone.quantize.reference.run import map_of
from featherbone.ship.tflite.layers import flattened_as_it_lies
from featherbone.ship.tflite.program import runner
from featherbone.ship.tflite.schema import schema
from featherbone.ship.tflite.write import in_float, network_bytes


def answers(network: QuantizedNetwork, images: torch.Tensor) -> np.ndarray:
    """What the file says of images (N, channels, height, width), with the channels first again."""
    found = runner("network.tflite", network_bytes(network), channels_first=True)(images.numpy())
    return np.moveaxis(found, -1, 1)


def float_difference(graph: Graph, weights: dict[str, torch.Tensor], images: torch.Tensor) -> float:
    """The largest difference of the file from PyTorch, as a share of what PyTorch writes."""
    with torch.inference_mode():
        expected = module_with(graph, weights).eval()(images).numpy()
    found = answers(in_float(prepared(graph, weights)), images)
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def steps_off(network: QuantizedNetwork, images: np.ndarray) -> dict[str, np.ndarray]:
    """By how many steps each map in integers of the file is off what the reference makes of the file's own maps.

    So a difference in one map is not seen in the next: each operator is judged alone. Every map becomes an output of
    the file, but for those of a layer whose ReLU is a part of it: the two are judged as one.
    """
    content, places = _with_all_maps(network)
    interpreter = _opened(content)
    found: dict[str, list[np.ndarray]] = {}
    for image in images:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.moveaxis(image, 0, -1)[None].copy())
        interpreter.invoke()
        maps = {name: _channels_first(network.graph, name, interpreter.get_tensor(at)) for name, at in places.items()}
        for node in network.graph.nodes:
            if not node.inputs:
                maps.setdefault(node.name, image[None])
            elif node.name not in maps:  # its ReLU follows, or it is in float
                maps[node.name] = map_of(network, node, maps)
            elif network.in_integers(node.name):
                off = maps[node.name].astype(int) - map_of(network, node, maps)
                found.setdefault(node.name, []).append(np.abs(off))
    return {name: np.concatenate(off) for name, off in found.items()}


def _with_all_maps(network: QuantizedNetwork) -> tuple[bytes, dict[str, int]]:
    """The file with each map that has a grid as an output, and the places of these."""
    import flatbuffers

    model = schema().ModelT.InitFromPackedBuf(bytearray(network_bytes(network)))
    graph = model.subgraphs[0]
    tensors = {tensor.name.decode(): place for place, tensor in enumerate(graph.tensors)}
    places = {}
    for node in network.graph.nodes:
        name = f"{node.name}/integers" if f"{node.name}/integers" in tensors else node.name
        if node.name in network.grids and name in tensors and (node.inputs or name != node.name):
            places[node.name] = tensors[name]
    graph.outputs = list(dict.fromkeys([*graph.outputs, *places.values()]))
    builder = flatbuffers.Builder(2**20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()), places


def _opened(content: bytes):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def _channels_first(graph: Graph, name: str, values: np.ndarray) -> np.ndarray:
    node = graph[name]
    if isinstance(node.operator, Flatten) and flattened_as_it_lies(graph, name):
        channels, *sides = graph.input_shapes(node)[0]
        return values.reshape(1, *sides, channels).transpose(0, 3, 1, 2).reshape(1, -1)
    return np.moveaxis(values, -1, 1)
