"""Numbers that an ONNX file keeps in another file beside it, as exporters do with all but the smallest tensors.

Sizes stand in the model, so a weight stays where it is. What may be a table or a shape is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.files import opened
from featherbone.nn.onnx_reader.places import all_nodes, bodies

HINT = "keep a model's files in one folder"


def locate(path: Path, model: Any) -> None:
    """Give every external tensor of a model the full path of its file.

    Raises:
        FeatherboneError: a file outside the model's folder.
    """
    files: dict[str, str] = {}
    for tensor in _external_tensors(model):
        location = _location(tensor)
        if location not in files:
            files[location] = str(_inside(path, location))
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = files[location]


def _inside(path: Path, location: str) -> Path:
    """The full path of a file that a model names."""
    parts = PurePosixPath(location).parts + PureWindowsPath(location).parts
    outside = not location or ".." in parts or PurePosixPath(location).is_absolute() or "\0" in location
    if outside or PureWindowsPath(location).drive or PureWindowsPath(location).root:
        raise FeatherboneError(f"{path} keeps weights in {location[:80]!r}, outside its folder", hint=HINT)
    file = (path.parent / location).resolve()
    if not file.is_relative_to(path.parent.resolve()):
        raise FeatherboneError(f"{path} keeps weights in {location[:80]!r}, which leads outside its folder", hint=HINT)
    return file


def missing(model: Any) -> tuple[str, ...]:
    """The names of the files that hold weights of a model and are not there."""
    files = map(Path, dict.fromkeys(map(_location, _external_tensors(model))))
    return tuple(file.name for file in files if not file.is_file())


def _location(tensor: Any) -> str:
    return next((str(entry.value) for entry in tensor.external_data if entry.key == "location"), "")


def _external_tensors(model: Any) -> Iterator[Any]:
    import onnx

    functions = [node for function in model.functions for node in all_nodes(function.node)]
    nodes = [*functions, *all_nodes(model.graph.node)]
    graphs = [model.graph, *(body for node in nodes for body in bodies(node))]
    given = [tensor for graph in graphs for tensor in graph.initializer]
    given += [tensor for graph in graphs for sparse in graph.sparse_initializer for tensor in _parts(sparse)]
    for node in nodes:
        for attribute in node.attribute:
            given += [attribute.t] if attribute.HasField("t") else attribute.tensors
            given += _parts(attribute.sparse_tensor) if attribute.HasField("sparse_tensor") else ()
    yield from (tensor for tensor in given if tensor.data_location == onnx.TensorProto.EXTERNAL)


def _parts(sparse: Any) -> tuple[Any, Any]:
    return sparse.values, sparse.indices


def numbers(tensor: Any, most: int) -> Any:
    """The numbers of a tensor, also from another file; ``None`` where they are more than ``most`` or not to be had."""
    import onnx
    from onnx import numpy_helper

    if prod(tensor.dims) > most:
        return None
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return np.asarray(numpy_helper.to_array(tensor))
    said = {entry.key: entry.value for entry in tensor.external_data}
    whole = onnx.TensorProto(data_type=tensor.data_type, dims=tensor.dims)
    try:
        bits = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize * 8
        size = int(said.get("length", prod(tensor.dims) * bits // 8))
        if not 0 <= size <= most * 16:
            return None
        with opened(said["location"]) as file:
            file.seek(int(said.get("offset", 0)))
            whole.raw_data = file.read(size)
        return np.asarray(numpy_helper.to_array(whole))
    except (FeatherboneError, OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
