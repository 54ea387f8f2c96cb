"""What stands in one node of an ONNX graph: its attributes, what to call it, the module it came from."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from featherbone.nn.onnx_reader.load import DOMAINS
from featherbone.nn.onnx_reader.scope import Malformed

AXES = frozenset(["axis", "axes", "batch_axis", "time_axis", "scan_input_axes", "scan_output_axes"])
PLAIN = re.compile(r"\[(?:'[^'\\]*', )*'([^'\\]*)', '[^'\\]*'\]")  # a list of names that need no parser
MOST_AXES = 64  # as many as numpy's arrays and torch's tensors have


def attributes_of(node: Any) -> dict[str, Any]:
    """The values of its attributes, with text for bytes.

    Raises:
        Malformed: it names an axis that no tensor has.
    """
    from onnx import helper

    found = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if (
            attribute.name in AXES
            and max(map(abs, value if isinstance(value, list) else [value]), default=0) > MOST_AXES
        ):
            raise Malformed(f"{label_of(node)} {node.name[:80]!r} works along {attribute.name} {str(value)[:40]}")
        found[attribute.name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return found


def refers(node: Any) -> bool:
    """Whether it takes an attribute from the call of the function that it stands in."""
    return any(attribute.ref_attr_name for attribute in node.attribute)


def resolved(node: Any, given: Mapping[str, Any]) -> Any:
    """The node with the attributes that it takes from the call of its function."""
    if not refers(node):
        return node
    made = type(node)()
    made.CopyFrom(node)
    del made.attribute[:]
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            made.attribute.append(attribute)
        elif attribute.ref_attr_name in given:  # one that the call leaves out is left out here
            made.attribute.append(given[attribute.ref_attr_name])
            made.attribute[-1].name = attribute.name
    return made


def label_of(node: Any) -> str:
    """What an operator is called in a table, with the domain of those that are not ONNX's own."""
    return node.op_type if node.domain in DOMAINS else f"{node.domain}.{node.op_type}"


def module_path(node: Any) -> str:
    """The path of the module that a node came from, where the exporter wrote it down."""
    scopes = next((entry.value for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"), "")
    plain = PLAIN.fullmatch(scopes)
    if plain:
        return str(plain[1])
    if scopes and len(scopes) < 10_000:
        try:
            names = ast.literal_eval(scopes)
            return str(names[-2]) if len(names) > 1 else ""
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return ""
    parts = node.name.strip("/").split("/")[:-1]
    return parts[-1] if parts else ""
