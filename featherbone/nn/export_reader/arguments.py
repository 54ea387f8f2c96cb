"""What the operators of an exported program are given and what they write, in the JSON of ``torch.export``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

DTYPES = {  # torch.export's numbers
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    9: torch.complex32,
    10: torch.complex64,
    11: torch.complex128,
    12: torch.bool,
    13: torch.bfloat16,
}
TENSORS = ("as_tensors", "as_optional_tensors", "as_nested_tensors")


def value_of(argument: dict[str, Any], values: Mapping[str, Any]) -> Any:
    """An argument, given the tensors and numbers by their names."""
    kind, value = next(iter(argument.items()))
    if kind == "as_tensor":
        return values[value["name"]]
    if kind in TENSORS:
        return [None if (name := _named(item)) is None else values[name] for item in value]
    if kind == "as_graph":
        return value["graph"]
    if kind in ("as_sym_int", "as_sym_bool", "as_sym_float"):
        return _symbol(value, values)
    if kind in ("as_sym_ints", "as_sym_bools", "as_sym_floats"):
        return [_symbol(item, values) for item in value]
    if kind == "as_none":
        return None
    if kind == "as_scalar_type":
        return DTYPES.get(value)
    return value


def tensors_of(node: dict[str, Any]) -> Iterator[str]:
    """The names of the tensors that an operator reads, in order."""
    for given in node["inputs"]:
        kind, value = next(iter(given["arg"].items()))
        for item in [value] if kind == "as_tensor" else value if kind in TENSORS else []:
            name = _named(item)
            if name is not None:
                yield name


def name_of(argument: dict[str, Any]) -> str:
    """The name of a tensor or number that a graph takes or returns."""
    kind, value = next(iter(argument.items()))
    return str(value["as_name"] if kind.startswith("as_sym") else value["name"])


def names_of(outputs: list[dict[str, Any]]) -> list[str]:
    """Names of a node's results, flat."""
    found: list[str] = []
    for output in outputs:
        kind, value = next(iter(output.items()))
        if kind == "as_none":
            continue
        items = value if isinstance(value, list) else [value]
        found += [item.get("name") or item.get("as_name") or item["as_tensor"]["name"] for item in items]
    return found


def target_of(node: dict[str, Any]) -> tuple[list[str], str]:
    """(the parts of an operator's name, the name without its space and overload)."""
    parts = str(node["target"]).removeprefix("torch.ops.").split(".")
    return parts, parts[1] if len(parts) > 1 else parts[0]


def module_path(node: dict[str, Any]) -> str:
    """The module that an operator belongs to; empty where that is not said."""
    stack = str(node.get("metadata", {}).get("nn_module_stack", ""))
    parts = stack.split(";")[-1].split(",")
    return parts[1] if len(parts) > 1 else ""


def _named(item: dict[str, Any]) -> str | None:
    if "as_none" in item:
        return None
    return str(item["as_tensor"]["name"] if "as_tensor" in item else item["name"])


def _symbol(value: dict[str, Any], values: Mapping[str, Any]) -> Any:
    return values[value["as_name"]] if "as_name" in value else next(iter(value.values()))
