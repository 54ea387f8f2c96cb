"""Graphs as JSON text, and back, exactly: ``from_json(to_json(graph)) == graph``.

Text comes from strangers, so reading is strict and bounded: unknown operators and fields are named with the closest
known word, every type is checked, names must be unique and defined before use, and sizes are bounded before anything
could be allocated from them. Shapes are not stored; they are inferred again, with every check.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any, NoReturn, cast

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.files import parse_json
from featherbone.graph.graph import Graph
from featherbone.graph.operators import VOCABULARY, Operator
from featherbone.graph.settings_json import field_types, read_field, write_field

FORMAT = "featherbone-graph"
VERSION = 1
LONGEST = 64 * 2**20  # characters of text
MOST_NODES = 100_000
LONGEST_SENTENCE = 500


def to_json(graph: Graph, *, indent: int | None = None) -> str:
    """The graph as JSON text; fields that have their default value are left out.

    >>> from featherbone.graph import image
    >>> to_json(image(3, 8).flatten().graph("flat"))[:64]
    '{"format": "featherbone-graph", "version": 1, "name": "flat", "n'
    """
    return json.dumps(to_dict(graph), indent=indent, allow_nan=False)


def from_json(text: str) -> Graph:
    """The graph that ``to_json`` wrote.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).pointwise(4).graph("tiny")
    >>> from_json(to_json(graph)) == graph
    True

    Raises:
        FeatherboneError: with what is wrong, where, and what is allowed.
    """
    if len(text) > LONGEST:
        raise FeatherboneError(f"graph text of {len(text):,} characters; at most {LONGEST:,} are read")
    document = parse_json(
        text, "the graph text", object_pairs_hook=_unique_keys, parse_constant=_no_constant, parse_int=_bounded_integer
    )
    try:
        return from_dict(document)
    except FeatherboneError as error:  # a file may hold any text as a value
        raise FeatherboneError(error.sentence[:LONGEST_SENTENCE], hint=error.hint[:LONGEST_SENTENCE]) from None


def to_dict(graph: Graph) -> dict[str, Any]:
    """The graph as plain dictionaries, lists, numbers and strings."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": graph.name,
        "nodes": [
            {
                "name": node.name,
                "op": node.operator.kind,
                "inputs": list(node.inputs),
                **({"shares": node.shares} if node.shares else {}),
                **_settings(node.operator),
            }
            for node in graph.nodes
        ],
        "outputs": list(graph.outputs),
        **({"unused": [[name, list(shape)] for name, shape in graph.unused]} if graph.unused else {}),
    }


def from_dict(document: object) -> Graph:
    """The graph that ``to_dict`` wrote; as strict as ``from_json``."""
    _require_keys("the graph", document, ("format", "version", "name", "nodes", "outputs"), ("unused",))
    document = cast("dict[str, Any]", document)
    if document["format"] != FORMAT:
        raise FeatherboneError(f"format is {document['format']!r}; a graph says {FORMAT!r}")
    if type(document["version"]) is not int or document["version"] != VERSION:
        raise FeatherboneError(
            f"graph format version is {document['version']!r}; this featherbone reads {VERSION}",
            hint="install the version of featherbone that wrote it",
        )
    name = document["name"]
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise FeatherboneError(f"the graph's name is {str(name)[:80]!r}; it must be text of 1 to 200 characters")
    nodes, outputs = document["nodes"], document["outputs"]
    if not isinstance(nodes, list) or not 0 < len(nodes) <= MOST_NODES:
        raise FeatherboneError(f"nodes must be a list of 1 to {MOST_NODES:,} nodes")
    entries = [_entry(node, place) for place, node in enumerate(nodes)]
    shares = {node["name"]: _owner(node) for node in nodes if "shares" in node}
    unused = _unused(document.get("unused", []))
    return Graph.build(name, entries, _names("outputs", outputs), shares=shares, unused=unused)


def _settings(operator: Operator) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for field in fields(operator):  # type: ignore[arg-type]  # every operator is a dataclass
        value = getattr(operator, field.name)
        if field.default is MISSING or value != field.default:
            settings[field.name] = write_field(value)
    return settings


def _entry(node: object, place: int) -> tuple[str, Operator, tuple[str, ...]]:
    if not isinstance(node, dict):
        raise FeatherboneError(f"node {place} is {type(node).__name__}; it must be an object")
    name, kind = node.get("name"), node.get("op")
    if not isinstance(name, str):
        raise FeatherboneError(f"node {place} has no name")
    if not isinstance(kind, str) or kind not in VOCABULARY:
        raise FeatherboneError(
            f"{name}: unknown operator {str(kind)[:80]!r}", hint=did_you_mean(str(kind)[:80], VOCABULARY)
        )
    operator = VOCABULARY[kind]
    types = field_types(kind)
    settings: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("name", "op", "inputs", "shares"):
            continue
        if key not in types:
            raise FeatherboneError(f"{name}: {kind} has no field {key[:80]!r}", hint=did_you_mean(key[:80], types))
        settings[key] = read_field(f"{name}: {key}", value, types[key])
    missing = [
        field.name
        for field in fields(operator)  # type: ignore[arg-type]
        if field.default is MISSING and field.name not in settings
    ]
    if missing:
        raise FeatherboneError(f"{name}: {kind} lacks {', '.join(missing)}")
    return name, operator(**settings), _names(f"{name}: inputs", node.get("inputs", []))


def _owner(node: dict[str, Any]) -> str:
    if not isinstance(node["shares"], str) or not node["shares"]:
        raise FeatherboneError(f"{node['name']}: shares must be the name of an earlier node")
    return node["shares"]


def _unused(value: object) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Names and shapes of the trained tensors that no node reads."""
    sound = isinstance(value, list) and all(
        isinstance(item, list)
        and len(item) == 2
        and isinstance(item[0], str)
        and isinstance(item[1], list)
        and all(type(size) is int for size in item[1])
        for item in value
    )
    if not sound:
        raise FeatherboneError("unused must be a list of [name, [sizes]]")
    return tuple((name, tuple(shape)) for name, shape in cast("list[Any]", value))


def _names(what: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise FeatherboneError(f"{what} must be a list of node names")
    return tuple(value)


def _require_keys(what: str, document: object, keys: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    if not isinstance(document, dict):
        raise FeatherboneError(f"{what} is {type(document).__name__}; it must be an object with {', '.join(keys)}")
    for key in document:
        if key not in (*keys, *optional):
            raise FeatherboneError(f"{what} has no field {key[:80]!r}", hint=did_you_mean(key[:80], keys))
    missing = [key for key in keys if key not in document]
    if missing:
        raise FeatherboneError(f"{what} lacks {', '.join(missing)}")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise FeatherboneError(f"the key {key[:80]!r} stands twice in one object")
        found[key] = value
    return found


def _no_constant(word: str) -> NoReturn:
    raise FeatherboneError(f"{word} is not a number that a graph may hold")


def _bounded_integer(digits: str) -> int:
    if len(digits) > 15:
        raise FeatherboneError(f"{digits[:20]}… is too large for a graph")
    return int(digits)
