"""A quantized model as one file: integers as integers, in the container that holds float models too.

For each layer with integer weights ``NAME.weight`` are its levels: int8 of the weights' shape where they have 8 bits,
else a vector of bytes in which the levels, less the least one, stand one after the other, most significant bit first.
``NAME.steps`` are float32, ``NAME.bias`` int32, or float32 where the layer's maps are in float. Layers that were left
in float have their float32 tensors. The header's ``quantization`` holds bits of each layer, and step, zero and bits of
each map that has a grid.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import torch

from featherbone.errors import FeatherboneError
from featherbone.files import damage, parse_json
from featherbone.graph import Graph, Shape
from featherbone.json_values import read_value
from featherbone.nn.about import TEXTS, About, about_texts, read_about, require_texts
from featherbone.nn.container import read_tensors, stated_texts, write_tensors
from featherbone.nn.model import QUANTIZED as FORMAT
from featherbone.nn.model import Model
from featherbone.nn.model import load_model as load_float_model
from featherbone.nn.packed.file import is_packed
from featherbone.nn.preprocessing import VERSION as PREPROCESSING
from featherbone.quantize.grid import Grid
from featherbone.quantize.model import QuantizedModel
from featherbone.quantize.network import BITS, QuantizedLayer, QuantizedNetwork, level_bounds

VERSION = "1"
Tensors = Mapping[str, torch.Tensor]


def save_quantized(path: str | os.PathLike[str], model: QuantizedModel) -> None:
    """Write a quantized model to one file, conventionally ``.safetensors``, atomically.

    >>> import tempfile
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> from featherbone.quantize import nearest_network, prepared
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> network = nearest_network(prepared(graph, weights_of(module(graph, seed=0))), {}, bits=3)
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> path = tempfile.mkdtemp() + "/tiny.safetensors"
    >>> save_quantized(path, QuantizedModel(network=network, classes=("a", "b"), preprocessing=seen))
    >>> load_quantized(path).network.layers["linear"].bits
    3

    Raises:
        FeatherboneError: the provenance is not JSON, or the file cannot be written; a previous file is then unchanged.
    """
    network = model.network
    about = About(
        graph=network.graph, classes=model.classes, preprocessing=model.preprocessing, provenance=model.provenance
    )
    tensors = dict(network.weights)
    for name, layer in network.layers.items():
        tensors[f"{name}.weight"] = layer.levels if layer.bits == 8 else _packed(layer.levels, layer.bits)
        tensors[f"{name}.steps"] = layer.steps
        if layer.bias is not None:
            tensors[f"{name}.bias"] = layer.bias
    quantization = {
        "layers": {name: layer.bits for name, layer in network.layers.items()},
        "maps": {name: [grid.step, grid.zero, grid.bits] for name, grid in network.grids.items()},
    }
    header = {"format": FORMAT, "version": VERSION, **about_texts(about), "quantization": json.dumps(quantization)}
    write_tensors(path, tensors, header)


def load_quantized(path: str | os.PathLike[str]) -> QuantizedModel:
    """Read the quantized model that ``save_quantized`` wrote, after every check; no code from the file runs.

    >>> load_quantized("no/such/model.safetensors")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: ...

    Raises:
        FeatherboneError: what ``read_tensors`` refuses; another format or version; parts that do not fit each other.
    """
    tensors, header = read_tensors(path)
    if header.get("format") != FORMAT:
        raise FeatherboneError(
            f"{path} is not a quantized model: its format is {header.get('format', 'not stated')!r}, not {FORMAT!r}",
            hint="`featherbone quantize` makes one",
        )
    if header.get("version") != VERSION:
        raise FeatherboneError(
            f"{path} is a quantized model of version {header.get('version')!r}; this featherbone reads {VERSION}",
            hint="install the version of featherbone that wrote it",
        )
    require_texts(path, header, (*TEXTS, "quantization"))
    try:
        with damage("its header"):
            about = read_about(header, PREPROCESSING)
            network = _network(about.graph, tensors, parse_json(header["quantization"], "quantization in the header"))
            return QuantizedModel(
                network=network,
                classes=about.classes,
                preprocessing=about.preprocessing,
                provenance=about.provenance,
            )
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint) from None


def load_model(path: str | os.PathLike[str]) -> Model | QuantizedModel:
    """The model in a file, whether its weights are float or integers.

    >>> load_model("no/such/model.safetensors")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: ...

    Raises:
        FeatherboneError: what ``load_quantized`` or ``featherbone.nn.load_model`` refuses.
    """
    if is_packed(path) or stated_texts(path).get("format") != FORMAT:
        return load_float_model(path)
    return load_quantized(path)


def _network(graph: Graph, tensors: Tensors, quantization: Any) -> QuantizedNetwork:
    bits = read_value("layers", _part(quantization, "layers"), Mapping[str, int])
    maps = read_value("maps", _part(quantization, "maps"), Mapping[str, tuple[float, int, int]])
    grids = {name: Grid(step=step, zero=zero, bits=width) for name, (step, zero, width) in maps.items()}
    layers = {name: _layer(graph, name, width, tensors) for name, width in bits.items()}
    of_layers = {f"{name}.{key}" for name in layers for key in ("weight", "steps", "bias")}
    left = {key: tensor for key, tensor in tensors.items() if key not in of_layers}
    return QuantizedNetwork(graph=graph, grids=grids, layers=layers, weights=left)


def _part(quantization: Any, name: str) -> Any:
    if not isinstance(quantization, dict) or name not in quantization:
        raise FeatherboneError(f"quantization in the header does not say its {name}")
    return quantization[name]


def _layer(graph: Graph, name: str, bits: int, tensors: Tensors) -> QuantizedLayer:
    node = graph[name]
    shape = node.operator.parameters(*graph.input_shapes(node)).get("weight")
    absent = next((key for key in ("weight", "steps") if f"{name}.{key}" not in tensors), None)
    if shape is None or absent is not None or bits not in BITS:
        raise FeatherboneError(f"layer {name} lacks its {absent or 'weights'}, or {bits} are no bits of a weight")
    levels = tensors[f"{name}.weight"]
    return QuantizedLayer(
        levels=levels if bits == 8 else _unpacked(name, levels, bits, shape),
        steps=tensors[f"{name}.steps"],
        bits=bits,
        bias=tensors.get(f"{name}.bias"),
    )


def _packed(levels: torch.Tensor, bits: int) -> torch.Tensor:
    low, _ = level_bounds(bits)
    values = (levels.flatten().to(torch.int16) - low).numpy().astype(np.uint8)
    return torch.from_numpy(np.packbits(values[:, None] >> np.arange(bits)[::-1].astype(np.uint8) & 1))


def _unpacked(name: str, packed: torch.Tensor, bits: int, shape: Shape) -> torch.Tensor:
    count = prod(map(int, shape))
    if packed.dtype != torch.uint8 or packed.shape != (-(-count * bits // 8),):
        raise FeatherboneError(f"the levels of layer {name} are not {count:,} numbers of {bits} bits")
    spread = np.unpackbits(packed.numpy(), count=count * bits).reshape(count, bits)
    values = (spread << np.arange(bits)[::-1].astype(np.uint8)).sum(1, dtype=np.int16)
    return torch.from_numpy((values + level_bounds(bits)[0]).astype(np.int8)).reshape(shape)
