"""The tables of the page as plain rows: stages, rungs, designs."""

from __future__ import annotations

import statistics
from itertools import groupby
from typing import Any

from featherbone.graph import Graph
from featherbone.graph.operators import shape_text
from featherbone.graph.picture.outline import Costs, outline
from featherbone.quantities import QUANTITIES
from featherbone.quantity import format_bytes, format_count
from featherbone.report.choice import chosen, listed
from featherbone.report.run import Run
from featherbone.wording import percent

Row = dict[str, Any]


def stages(graph: Graph, costs: Costs) -> list[Row]:
    """What each stage writes and costs, with its share of the whole."""
    blocks = outline(graph, costs)
    params, macs = (max(1, sum(getattr(block, cost) for block in blocks)) for cost in ("params", "macs"))
    rows: list[Row] = []
    for stage, members in groupby(blocks, key=lambda block: block.stage):
        group = list(members)
        spent = (sum(block.params for block in group), sum(block.macs for block in group))
        rows.append(
            {
                "stage": stage,
                "blocks": len(group),
                "writes": shape_text(group[-1].writes),
                "params": f"{spent[0]:,}",
                "params_share": spent[0] / params,
                "macs": f"{spent[1]:,}",
                "macs_share": spent[1] / macs,
            }
        )
    return rows


def rungs(run: Run) -> list[Row]:
    """How many trials each rung had, how many went on, and what they scored."""
    rows: list[Row] = []
    for number, members in run.search.reached.items():
        tops = [score.val_top1 for score in members if score.val_top1 is not None]
        rows.append(
            {
                "rung": number,
                "epochs": max(score.epochs for score in members),
                "trials": len(members),
                "promoted": sum(trial.rung > number for trial in run.search.trials),
                "best": percent(max(tops, default=None)),
                "median": percent(statistics.median(tops) if tops else None),
                "seconds": f"{sum(score.seconds for score in members):,.0f} s",
            }
        )
    return rows


def fronts(run: Run) -> list[Row]:
    """The Pareto front against each cost; those that are limited first."""
    found, limits = run.search.answer, run.record.limits
    if found is None:
        return []
    return [
        {
            "name": QUANTITIES[cost].words,
            "heading": QUANTITIES[cost].heading,
            "limit": QUANTITIES[cost].show(limits[cost]) if cost in limits else "",
            "binds": cost == (found.binding or "macs"),
            "rows": [
                {
                    "trial": point.trial,
                    "chosen": point.trial == found.winner.id,
                    "cost": QUANTITIES[cost].show(point.cost),
                    "top1": f"{percent(point.top1)} ± {100 * point.standard_error:.1f}",
                    "rung": point.rung,
                    "epochs": point.epochs,
                    "note": "tied" if point.tied and point.trial != found.winner.id else "",
                }
                for point in points
            ],
        }
        for cost, points in sorted(found.fronts.items(), key=lambda entry: entry[0] not in limits)
    ]


def designs(run: Run) -> list[Row]:
    """The designs that were tried: the chosen one, the others from the best on, those without a score."""
    winner = chosen(run)
    shown = listed(run)
    kept = {trial.id for trial in shown}
    ranked = sorted((trial for trial in run.ranked if trial.id in kept), key=lambda trial: trial is not winner)
    rest = [trial for trial in shown if trial.val_top1 is None]
    scores = {trial.id: run.search.scores.get(trial.id, {}) for trial in shown}
    return [
        {
            "id": trial.id,
            "chosen": trial is winner,
            "state": trial.state,
            "design": trial.design,
            "error": trial.error,
            "params": format_count(trial.params),
            "macs": format_count(trial.macs),
            "memory": format_bytes(trial.peak_memory),
            "epochs": trial.epochs,
            "scores": [percent(reached[rung].val_top1) if rung in reached else "" for rung in run.search.reached],
            "top1": percent(trial.val_top1),
            "seconds": f"{trial.seconds:,.0f} s",
        }
        for trial in [*ranked, *rest]
        for reached in [scores[trial.id]]
    ]
