"""What the dashboard of a search says in lines of text, each the more important the further left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featherbone.quantities import LIMITED, QUANTITIES
from featherbone.quantity import format_duration
from featherbone.wording import percent

if TYPE_CHECKING:
    from featherbone.search.record.glance import Ended, Glance
    from featherbone.search.record.rows import Trial


def best_lines(found: Glance) -> list[str]:
    """The leader, what it costs with the share of each limit, and its design."""
    best = found.best
    if best is None:
        return ["best   none has a score yet", "", ""]
    return [
        f"best   trial {best.id}, {percent(best.val_top1, 2)} after {best.epochs} epochs ({best.origin})",
        f"       {', '.join(_costs(best, found.budget))}",
        f"       {best.design}",
    ]


def _costs(best: Trial, budget: dict[str, float]) -> list[str]:
    """Costs with a limit first."""
    words = []
    for quantity in sorted((QUANTITIES[name] for name in LIMITED), key=lambda quantity: quantity.name not in budget):
        value, limit = getattr(best, quantity.column), budget.get(quantity.name)
        if value is not None:
            used = f" ({100 * value / limit:.0f} % of the limit)" if limit is not None else ""
            words.append(f"{quantity.show(value)} {quantity.words}{used}")
    return words


def spending_lines(found: Glance) -> list[str]:
    """What is spent, and what is left of each limit."""
    from featherbone.search.record.rows import limits_told

    states = ", ".join(f"{number:,} {state}" for state, number in found.states.items() if number)
    workers = f" by {found.workers} workers" if (found.workers or 1) > 1 else ""
    lines = [
        f"trials {states or 'none yet'}",
        f"spent  {found.spent['epochs']:,.0f} epochs, {format_duration(found.spent['seconds'])} of training{workers}",
    ]
    shown = [_left(found, name) for name in limits_told(found.limits)]
    return [*lines, *([f"left   {', '.join(shown)}"] if shown else [])]


def _left(found: Glance, name: str) -> str:
    left, limit = found.left[name], found.limits[name]
    if name == "seconds":
        return f"{format_duration(left)} of {format_duration(limit)}"
    return f"{left:,.0f} of {limit:,.0f} {name}"


def event_line(ended: Ended, now: float) -> str:
    """How an attempt ended, and how long ago.

    >>> from featherbone.search.record.glance import Ended
    >>> event_line(Ended(attempt=9, trial=7, rung=1, outcome="scored", top1=0.5, error="", ended=940.0), 1000.0)
    'trial 7 reached rung 1: 50.00 %, 1:00 min ago'
    """
    ago = f"{format_duration(max(0.0, now - ended.ended))} ago"
    if ended.outcome == "scored":
        score = "no score" if ended.top1 is None else f"{100 * ended.top1:.2f} %"
        return f"trial {ended.trial} reached rung {ended.rung}: {score}, {ago}"
    return f"trial {ended.trial} {ended.outcome} on its way to rung {ended.rung}, {ago}: {ended.error}"
