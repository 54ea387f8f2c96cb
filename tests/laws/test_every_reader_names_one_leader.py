"""Who leads a search is the same for all who say it: the search, the dashboard, `search show`, page and finalists."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from featherbone.cli.dashboard.words import best_lines
from featherbone.graph import Graph, image
from featherbone.job.search.finalists import fastest_enough
from featherbone.progress import Event, TrialScored
from featherbone.report.choice import chosen
from featherbone.report.run import read_run
from featherbone.report.search_figures import scatter
from featherbone.report.tables import designs, fronts
from featherbone.report.words import verdict
from featherbone.search import Budget, Costs, Entry, LatencyLimit, Limits, Score, search
from featherbone.search.executors import InProcess, Task, Tell
from featherbone.search.record.glance import glance
from featherbone.search.record.ledger import Ledger, open_ledger
from featherbone.search.record.search_record import read_search
from featherbone.search.schedule.board import Board

LADDERS = ((1, 3, 9), (1, 3), (1,))  # the fewer rungs, the more ties
LIMIT = LatencyLimit(ms=1.0)
BUDGET = Budget(macs=1000, latency=LIMIT)
Levels = list[float | None]
RESULT = {
    **{"test_top1": 0.5, "test_top1_standard_error": 0.1, "test_top1_interval": [0.4, 0.6], "test_top5": 1.0},
    **{"test_loss": 0.7, "test_brier": 0.2, "test_calibration_error": 0.1, "test_count": 9},
    **{"params": 9, "macs": 100, "peak_memory": 9, "file_bytes": 9},
    "verification": {"passed": True, "images": 9, "top1_agreement": 1.0, "largest_difference": 1e-6},
}


def proposed(draw: random.Random) -> Any:
    """Nine designs of few different costs, so that many are equal."""

    def propose(board: Board, number: int) -> list[Entry]:
        first = len(board.trials) + 1
        return [
            Entry(
                design=f"r8 | stem w{4 * place} | basic w8",
                origin=draw.choice(["random", "zoo"]),
                costs=Costs(macs=draw.choice([100, 200]), params=9, peak_memory=9, size=9, latency=0.9),
            )
            for place in range(first, first + number)
        ]

    return propose


def searched(ledger: Ledger, draw: random.Random, ladder: tuple[int, ...], tops: Levels, losses: Levels) -> list[Event]:
    """A search of designs whose scores are often equal or not numbers, and of which some crash for good."""

    def train(task: Task, tell: Tell) -> Score:
        if draw.random() < 0.2:
            raise ValueError("crashed")
        return Score(epochs=task.epochs, val_top1=draw.choice(tops), val_loss=draw.choice(losses), seconds=1.0)

    told: list[Event] = []
    executor = InProcess(train, told.append)
    search(ledger, ladder, limits=Limits(trials=18), propose=proposed(draw), executor=executor, progress=told.append)
    return told


def named(folder: Path) -> dict[str, int]:
    """Who leads or has won, by reader."""
    run, shown, now = read_run(folder), read_search(folder), glance(folder)
    trial, figure = chosen(run), scatter(run)
    assert trial is not None
    assert run.search.answer is not None
    assert shown.answer is not None
    assert shown.leader is not None
    assert now.best is not None
    assert figure is not None
    stars = [trace for trace in figure["data"] if trace["name"] in ("leads", "chosen")]
    (star,) = stars
    words = verdict(run).sentence
    found = {
        "glance": now.best.id,
        "dashboard": int(best_lines(now)[0].split()[2].rstrip(",")),
        "overview": shown.leader.id,
        "ranked": shown.ranked[0].id,
        "answer": shown.answer.winner.id,
        "why": int(shown.why[0].partition("design ")[2].split()[0]),
        "page": trial.id,
        "answer of the page": run.search.answer.winner.id,
        "table of the page": next(row["id"] for row in designs(run) if row["chosen"]),
        "first of the page": run.ranked[0].id,
        "figure of the page": int(star["text"][0].partition("design ")[2].split(":")[0]),
    }
    if run.result is None:
        found["verdict"] = int(words.partition("design ")[2].split(",")[0])
    for table in fronts(run):
        found |= {f"front of {table['name']}": row["trial"] for row in table["rows"] if row["chosen"]}
    return found


def write_facts(folder: Path, result: dict[str, Any] | None) -> None:
    facts = {"format": "featherbone-run", "version": 1, "job": "fit", "budget": asdict(BUDGET), "result": result}
    (folder / "run.json").write_text(json.dumps(facts))


@pytest.mark.parametrize("seed", range(12))
def test_every_reader_names_the_leader_of_the_search_and_then_its_winner(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    tops: Levels = [0.5, 0.6, 0.6, None] if seed % 2 else [0.5, 0.6]
    losses: Levels = [0.7, 0.8, None]
    ladder = LADDERS[seed // 2 % 3]
    with open_ledger(tmp_path) as ledger:
        ledger.remember("asked", {"budget": asdict(BUDGET)})
        told = searched(ledger, draw, ladder, tops, losses)
        write_facts(tmp_path, None)
        board = Board.of(ledger, ladder)
        leader = board.leader()
        assert leader is not None
        assert set(named(tmp_path).values()) == {leader.id}
        assert min(board.trials, key=board.rank) == leader.id
        assert [each for each in told if isinstance(each, TrialScored) and each.leads][-1].trial == leader.id

        slow = draw.sample(sorted(board.trials), 9)

        def clock(graph: Graph) -> float:
            return 1.5 if int(graph.name) in slow else 1.0  # at the limit is within it

        def network(trial: int, design: str) -> Graph:
            return image(1, 4).conv(4, 3).graph(str(trial))

        winner = fastest_enough(board.ranked(), LIMIT, ledger, network, lambda event: None, clock)
        assert set(named(tmp_path).values()) == {winner.id}
        write_facts(tmp_path, {"trial": winner.id, **RESULT})
        assert set(named(tmp_path).values()) == {winner.id}
