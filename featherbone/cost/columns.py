"""The columns that a cost table can show: for each, its heading, its value, and that value for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from featherbone.cost.table import AMOUNTS, UNUSED, Line, Table
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.operators import shape_text
from featherbone.quantities import QUANTITIES
from featherbone.quantity import format_bytes

Value: TypeAlias = "str | int | float | None"

SCOPES = ("name", "writes", "params", "macs", "activations", "bytes", "intensity", "macs_share")
OPERATORS = ("name", "what", "writes", "params", "macs", "activations", "bytes", "macs_share")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: ``value`` of a line, ``total`` of the table (where a total has a meaning), ``show`` for people."""

    key: str
    heading: str
    value: Callable[[Table, Line], Value]
    total: Callable[[Table], Value] = lambda table: None
    show: Callable[[Value], str] = str
    words: bool = False


def columns(keys: Sequence[str]) -> tuple[Column, ...]:
    """The columns of these names; ``-`` stands for ``_`` too, and the name of the line comes first.

    >>> [column.heading for column in columns(["macs", "macs-share"])]
    ['name', 'MACs', 'of MACs']

    Raises:
        FeatherboneError: an unknown column.
    """
    wanted = dict.fromkeys(("name", *(key.strip().replace("-", "_") for key in keys)))
    for key in wanted:
        if key not in COLUMNS:
            raise FeatherboneError(f"there is no column {key!r}", hint=did_you_mean(key, COLUMNS))
    return tuple(COLUMNS[key] for key in wanted)


def sides_text(sides: tuple[Fraction, ...]) -> str:
    """Sides of a window: one number where all are equal.

    >>> sides_text((Fraction(11), Fraction(11))), sides_text((Fraction(3), Fraction(1, 2)))
    ('11', '3×1/2')
    """
    return "×".join(map(str, sides[:1] if len(set(sides)) == 1 else sides))


def _thousands(value: Value) -> str:
    return f"{value:,}"


def _bytes(value: Value) -> str:
    assert isinstance(value, int), "bytes are whole"
    return format_bytes(value)


def _percent(value: Value) -> str:
    return f"{100 * value:.1f} %" if isinstance(value, float) and value > 0 else ""


def _decimals(value: Value) -> str:
    return f"{value:.2f}" if value else ""


def _field(line: Line) -> str | None:
    return sides_text(line.field.size) if line.field else None


def _writes(line: Line) -> str:
    return "" if line.kind == UNUSED else shape_text(line.output)


def _jump(line: Line) -> str | None:
    return sides_text(line.field.jump) if line.field else None


def _amount(key: str, heading: str) -> Column:
    return Column(
        key=key,
        heading=heading,
        value=lambda table, line: getattr(line, key),
        total=lambda table: table.total(key),
        show=_bytes if key == "bytes" else _thousands,
    )


def _share(key: str, heading: str) -> Column:
    return Column(
        key=f"{key}_share", heading=f"of {heading}", value=lambda table, line: table.share(line, key), show=_percent
    )


_HEADINGS = {key: QUANTITIES[key].short for key in AMOUNTS}
_ALL = (
    Column(key="name", heading="name", value=lambda table, line: line.name, total=lambda table: "total", words=True),
    Column(key="what", heading="what", value=lambda table, line: line.description, words=True),
    Column(key="reads", heading="reads", value=lambda table, line: ", ".join(map(shape_text, line.inputs)), words=True),
    Column(key="writes", heading="writes", value=lambda table, line: _writes(line), words=True),
    *(_amount(key, heading) for key, heading in _HEADINGS.items()),
    Column(
        key="intensity",
        heading="MACs/byte",
        value=lambda table, line: line.intensity,
        total=lambda table: table.intensity,
        show=_decimals,
    ),
    *(_share(key, heading) for key, heading in _HEADINGS.items()),
    Column(key="field", heading="field", value=lambda table, line: _field(line)),
    Column(key="jump", heading="jump", value=lambda table, line: _jump(line)),
)
COLUMNS: dict[str, Column] = {column.key: column for column in _ALL}


def shown(column: Column, value: Value) -> str:
    """A value as a table for people holds it: blank where there is none."""
    return "" if value is None else column.show(value)
