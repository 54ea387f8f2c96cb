"""The document of a network's costs: the JSON that ``featherbone cost`` writes, read again with every check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from featherbone.cost.table import AMOUNTS, Table
from featherbone.cost.table_formats import SCHEMA, VERSION, to_document
from featherbone.errors import FeatherboneError
from featherbone.files import read_json

TOTALS = ("params", "macs", "activations", "peak_memory", "layers")
MOST = 2**63  # no count comes near


@dataclass(frozen=True, kw_only=True)
class CostDocument:
    """What a network cost: ``totals`` by the names in ``TOTALS``, and for each row ``AMOUNTS`` and its output."""

    network: str
    convention: str
    dtype: str
    depth: int | None
    uncounted: int
    totals: Mapping[str, int]
    rows: Mapping[str, Mapping[str, Any]]


def is_cost_document(path: Path) -> bool:
    """Whether a file holds costs: a JSON object with this schema. A file that cannot be read is none."""
    try:
        document = read_json(path)
    except FeatherboneError:
        return False
    return isinstance(document, dict) and document.get("schema") == SCHEMA


def cost_document(table: Table) -> CostDocument:
    """A table as its document says it.

    >>> from featherbone.cost import count
    >>> from featherbone.cost.table import cost_table
    >>> from featherbone.networks import network
    >>> cost_document(cost_table(count(network("mobilenet_v2")))).totals["macs"]
    300774272
    """
    return _from_document(to_document(table), table.count.graph.name)


def read_cost_document(path: Path) -> CostDocument:
    """The costs that ``featherbone cost MODEL --json`` wrote.

    Raises:
        FeatherboneError: a file that cannot be read, is too large, is no JSON, has another version, or holds a value
            that is no cost.
    """
    return _from_document(read_json(path), str(path))


def _from_document(document: Any, where: str) -> CostDocument:
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise FeatherboneError(f"{where} holds no costs", hint="write one with featherbone cost MODEL --json")
    if document.get("version") != VERSION:
        raise FeatherboneError(
            f"{where} has version {document.get('version')!r} of the costs; this featherbone reads {VERSION}",
            hint="write it again with this featherbone",
        )
    rows = _expect(where, "rows", document.get("rows"), list)
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        name = _expect(where, "a row's name", _expect(where, "a row", row, dict).get("name"), str)
        if name in found:
            raise FeatherboneError(f"{where}: two rows are called {name!r}")
        output = _expect(where, f"output of {name}", row.get("output"), list)
        found[name] = {key: _amount(where, f"{key} of {name}", row.get(key)) for key in AMOUNTS} | {
            "output": tuple(_amount(where, f"output of {name}", side) for side in output)
        }
    totals = _expect(where, "totals", document.get("totals"), dict)
    depth = document.get("depth")
    return CostDocument(
        network=_expect(where, "network", document.get("network"), str),
        convention=_expect(where, "convention", document.get("convention"), str),
        dtype=_expect(where, "dtype", document.get("dtype"), str),
        depth=None if depth is None else _amount(where, "depth", depth),
        uncounted=len(_expect(where, "uncounted", document.get("uncounted"), list)),
        totals={key: _amount(where, f"total {key}", totals.get(key)) for key in TOTALS},
        rows=found,
    )


def _expect(where: str, what: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        _refuse(where, what, value)
    return value


def _amount(where: str, what: str, value: Any) -> int:
    if type(value) is not int or not -MOST < value < MOST:  # a convention may charge less than nothing
        _refuse(where, what, value)
    return value


def _refuse(where: str, what: str, value: Any) -> NoReturn:
    text = repr(value)
    shown = text if len(text) <= 40 else text[:37] + "..."
    raise FeatherboneError(
        f"{where}: {what} is {shown}, which is no cost", hint="write it again with featherbone cost MODEL --json"
    )
