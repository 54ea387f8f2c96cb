"""``featherbone search``: look into a search, finished or not, without touching it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, print_table
from featherbone.job.option import MOST

if TYPE_CHECKING:
    from featherbone.search.record.answer import Answer
    from featherbone.search.record.rows import Score, Trial
    from featherbone.search.record.search_record import RungRecord, SearchRecord

TOP = 100
search = typer.Typer(name="search", help="Look into a search.", no_args_is_help=True)


@search.callback()
def group() -> None:
    """Look into a search, finished or not."""


EXAMPLE = "featherbone search show runs/photos --top 10"


@search.command(epilog=f"Example: {EXAMPLE}")
def show(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    top: Annotated[int, typer.Option(min=0, max=MOST, help="At most so many trials, the best; 0 for all.")] = TOP,
    designs: Annotated[bool, typer.Option("--designs", help="Write out each trial's design.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on showing where a search stands, until it ends; JSON by the line.")
    ] = False,
    json: Json = False,
) -> None:
    """The trials of a search with costs, scores and errors; what is spent and what is left.

    Nothing is changed, and a search that goes on is not disturbed. JSON holds every trial.
    """
    from featherbone.search.record.search_record import read_search

    if watch:
        from featherbone.cli.dashboard.watch import watch as go_on

        go_on(run, json_lines=json)
        return
    found = read_search(run)
    if json:
        print_json(found.to_json())
        return
    best = {trial.id for trial in (found.ranked[:top] if top else found.ranked)}
    shown = [trial for trial in found.trials if trial.id in best]
    _print_trials(run, found, shown)
    for trial in shown:
        if designs:
            console().print(f"{trial.id:5}  {trial.design}")
        if trial.error:
            console().print(f"{trial.id:5}  {trial.error}")
    _print_totals(found)


def _print_trials(run: Path, found: SearchRecord, shown: Sequence[Trial]) -> None:
    from featherbone.quantity import format_bytes, format_count

    timed = any(trial.latency_ms is not None for trial in found.trials)
    none: Mapping[int, Score] = {}
    columns = ["trial", "state", "origin", "params", "macs", "memory", "size ≤", *(["latency"] if timed else [])]
    print_table(
        f"{run}: {len(found.trials):,} trials"
        + (f", the {len(shown):,} best of them; --top 0 shows all" if len(shown) < len(found.trials) else ""),
        [*columns, *(f"{rung.epochs} ep." for rung in found.rungs), "seconds"],
        (
            [
                str(trial.id),
                _state(trial, found.failures.get(trial.id, 0)),
                trial.origin,
                format_count(trial.params),
                format_count(trial.macs),
                format_bytes(trial.peak_memory),
                format_bytes(trial.size),
                *([_latency(trial)] if timed else []),
                *(_percent(scores[rung].val_top1) if rung in scores else "" for rung in found.reached),
                f"{trial.seconds:.1f}",
            ]
            for trial in shown
            for scores in [found.scores.get(trial.id, none)]
        ),
        left=3,
    )


def _latency(trial: Trial) -> str:
    """Measured, or about so much where it is only predicted."""
    if trial.latency_ms is None:
        return ""
    return f"{'≈ ' if trial.latency_by == 'predicted' else ''}{trial.latency_ms:.3g} ms"


def _print_totals(found: SearchRecord) -> None:
    from featherbone.search.record.rows import limits_told

    limits, left, best = found.setup.limited(), found.left, found.leader
    states = ", ".join(f"{number} {state}" for state, number in found.states.items() if number)
    lines = [
        f"states  {states or 'no trial yet'}",
        f"rungs   {'; '.join(_rung(rung) for rung in found.rungs) or 'none reached'}",
        f"spent   {found.spent['epochs']:,} epochs, {found.spent['seconds']:,.1f} s of training{_hands(found)}",
    ]
    if limits and not found.finished:
        parts = [f"{left[name]:,.0f} of {limits[name]:,.0f} {name}" for name in limits_told(limits)]
        lines.append(f"left    {', '.join(parts)}")
    if best is not None:
        lines.append(f"best    trial {best.id}, {_percent(best.val_top1)} after {best.epochs} epochs")
        lines.append(f"        {best.design}")
    for line in lines:
        console().print(line)
    if found.answer is not None:
        _print_answer(found, found.answer)


def _print_answer(found: SearchRecord, answer: Answer) -> None:
    """The front against each limited cost, or against multiply-adds, with standard errors; then why this one."""
    from featherbone.quantities import QUANTITIES

    for cost in [name for name in answer.fronts if name in answer.used] or ["macs"]:
        print_table(
            f"\nPareto front of validation top-1 against {QUANTITIES[cost].words}"
            + (", which binds" if cost == answer.binding else ""),
            [QUANTITIES[cost].heading, "top-1", "± 1 s.e.", "trial", "epochs", ""],
            (
                [
                    QUANTITIES[cost].show(point.cost),
                    _percent(point.top1),
                    f"{100 * point.standard_error:.2f}",
                    str(point.trial),
                    str(point.epochs),
                    "best" if point.trial == answer.winner.id else "tied" if point.tied else "",
                ]
                for point in answer.fronts[cost]
            ),
            left=0,
        )
    console().print(" ".join(found.why))
    if found.test is not None:
        low, high = found.test["interval"]
        console().print(
            f"On {found.test['images']:,} test images, which the search never saw, it is right for "
            f"{_percent(found.test['top1'])} ± {100 * found.test['standard_error']:.2f} (one standard error; 95 % "
            f"interval {100 * low:.2f} to {_percent(high)})."
        )


def _rung(rung: RungRecord) -> str:
    return f"{rung.trials} at {rung.epochs} epochs, best {_percent(rung.best)}"


def _hands(found: SearchRecord) -> str:
    workers = found.setup.workers or 1
    return f" by {workers} workers" if workers > 1 else ""


def _state(trial: Trial, failures: int) -> str:
    return f"{trial.state} ({failures}×)" if failures else trial.state


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.2f} %"
