"""An ONNX file as a parsed message, after the checks that a stranger's file needs; its weights stay where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import read_bytes
from featherbone.nn.onnx_reader.external import locate

LARGEST_FILE = 2**31  # what a protobuf message can hold
OLDEST = 7  # before opset 7 operators broadcast in another way
DOMAINS = ("", "ai.onnx")


def load(path: Path) -> Any:
    """The ``ModelProto`` in a file; its external tensors have the full paths of their files.

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
    locate(path, model)
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


def versions(imports: Any) -> dict[str, int]:
    """The opset of each domain."""
    return {"" if entry.domain in DOMAINS else entry.domain: entry.version for entry in imports}
