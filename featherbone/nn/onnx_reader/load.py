"""An ONNX file as a parsed message, after the checks that a stranger's file needs; its weights stay where they are."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import read_bytes

LARGEST_FILE = 2**31  # what a protobuf message can hold
OLDEST = 7  # before opset 7 operators broadcast in another way
DOMAINS = ("", "ai.onnx")


def load(path: Path) -> Any:
    """The ``ModelProto`` in a file.

    Raises:
        FeatherboneError: not an ONNX file, damaged, of an unknown opset, or with weights outside its folder.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    content = read_bytes(path, most=LARGEST_FILE)
    try:
        model = onnx.ModelProto()
        model.ParseFromString(content)
    except (DecodeError, RuntimeError, ValueError, RecursionError):
        raise FeatherboneError(f"{path} is no ONNX file, or is damaged", hint="export or copy it again") from None
    if not model.graph.node or not model.graph.output:
        raise FeatherboneError(f"{path} holds no network", hint="it is no ONNX model, or is cut short")
    _check_opset(path, model, onnx.defs.onnx_opset_version())
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            _check_location(path, tensor)
    return model


def _check_opset(path: Path, model: Any, newest: int) -> None:
    versions = [entry.version for entry in model.opset_import if entry.domain in DOMAINS]
    if not versions and model.opset_import and all(node.domain not in DOMAINS for node in model.graph.node):
        return  # it has none of ONNX's own operators
    if not versions:
        raise FeatherboneError(f"{path} does not say which opset it uses", hint="export it again")
    if not OLDEST <= versions[0] <= newest:
        raise FeatherboneError(
            f"{path} uses opset {versions[0]}; opsets {OLDEST} to {newest} are read",
            hint="convert it with onnx.version_converter, or update the onnx package",
        )


def _check_location(path: Path, tensor: Any) -> None:
    """Weights in another file must lie beside the model; their sizes stand in the model, so the file is not opened."""
    location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
    parts = PurePosixPath(location).parts + PureWindowsPath(location).parts
    outside = not location or ".." in parts or PurePosixPath(location).is_absolute()
    if outside or PureWindowsPath(location).drive or PureWindowsPath(location).root:
        raise FeatherboneError(
            f"{path} keeps weights in {location[:80]!r}, outside its folder", hint="keep a model's files in one folder"
        )
    if not (path.parent / location).resolve().is_relative_to(path.parent.resolve()):
        raise FeatherboneError(
            f"{path} keeps weights in {location[:80]!r}, which leads outside its folder",
            hint="keep a model's files in one folder",
        )


def versions(imports: Any) -> dict[str, int]:
    """The opset of each domain."""
    return {"" if entry.domain in DOMAINS else entry.domain: entry.version for entry in imports}
