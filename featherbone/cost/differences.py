"""Two costs of what may be one network, row by row: what is new, what is gone, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featherbone.cost.document import CostDocument
from featherbone.cost.table import AMOUNTS
from featherbone.errors import FeatherboneError


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One row that is not the same: ``change`` is added, removed or changed; amounts are the second's less the first's.

    ``before`` and ``after`` are the shapes written, empty where there is no such row.
    """

    name: str
    change: str
    params: int
    macs: int
    activations: int
    bytes: int
    before: tuple[int, ...]
    after: tuple[int, ...]


def require_alike(first: CostDocument, other: CostDocument) -> None:
    """Raise unless both were counted, and folded, in the same way: other differences would hide the real ones."""
    for what in ("convention", "dtype", "depth"):
        one, two = (getattr(costs, what) or "every operator" for costs in (first, other))
        if one != two:
            raise FeatherboneError(
                f"{first.network} and {other.network} cannot be compared: {what} is {one} in one, {two} in the other",
                hint="write both with the same options of featherbone cost",
            )


def differences(first: CostDocument, second: CostDocument) -> tuple[Difference, ...]:
    """The rows of which either has none, or other costs or shapes, in the order of the first, then of the second.

    >>> from featherbone.cost import count
    >>> from featherbone.cost.document import cost_document
    >>> from featherbone.cost.table import cost_table
    >>> from featherbone.networks import network
    >>> names = "mobilenet_v2", "mobilenet_v2:classes=10"
    >>> old, new = (cost_document(cost_table(count(network(name)))) for name in names)
    >>> [(row.name, row.change, row.params) for row in differences(old, new)]
    [('head.classifier', 'changed', -1268190)]

    Raises:
        FeatherboneError: another convention, dtype or folding.
    """
    require_alike(first, second)
    names = dict.fromkeys((*first.rows, *second.rows))
    found = [_difference(name, first.rows.get(name), second.rows.get(name)) for name in names]
    return tuple(difference for difference in found if difference is not None)


def _difference(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Difference | None:
    if old == new:
        return None
    amounts = {key: (new[key] if new else 0) - (old[key] if old else 0) for key in AMOUNTS}
    change = "added" if old is None else "removed" if new is None else "changed"
    return Difference(
        name=name,
        change=change,
        before=old["output"] if old else (),
        after=new["output"] if new else (),
        **amounts,
    )
