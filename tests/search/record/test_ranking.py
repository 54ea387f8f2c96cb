"""The order of trials: what may win, the rung, top-1, then what breaks a tie."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import fields, replace
from typing import Any

import pytest

from featherbone.search.record.ranking import LEADER, Rank, rank_of
from featherbone.search.record.rows import Trial


def test_trials_rank_by_rung_then_top1_then_loss_then_cost_then_age() -> None:
    best_first = [
        Rank.of(trial=9, rung=2, top1=0.1, loss=0.9, macs=900),  # a later rung weighs most
        Rank.of(trial=6, rung=1, top1=0.9, loss=0.5, macs=300),
        Rank.of(trial=5, rung=1, top1=0.8, loss=0.1, macs=300),
        Rank.of(trial=4, rung=1, top1=0.8, loss=0.2, macs=100),  # more loss weighs more than fewer multiply-adds
        Rank.of(trial=1, rung=1, top1=0.8, loss=0.2, macs=200),
        Rank.of(trial=2, rung=1, top1=0.8, loss=0.2, macs=200),
        Rank.of(trial=3, rung=1, top1=0.8, loss=None, macs=100),
        Rank.of(trial=8, rung=0, top1=0.99, loss=0.0, macs=1),
        Rank.of(trial=7, rung=2, top1=None, loss=0.1, macs=100),
        Rank.of(trial=10, rung=1, top1=0.99, loss=0.1, macs=100, out=True),
    ]
    shuffled = [best_first[place] for place in (3, 9, 0, 7, 5, 1, 8, 2, 6, 4)]
    assert sorted(shuffled) == best_first
    assert [rank.leads for rank in best_first] == [True] * 8 + [False] * 2


@pytest.mark.parametrize(
    ("changes", "limit", "leads"),
    [
        ({}, None, True),
        ({"state": "failed"}, None, False),
        ({"val_top1": None}, None, False),
        ({"latency_ms": 2.0, "latency_by": "measured"}, 2.0, True),  # at the limit is within it
        ({"latency_ms": 2.1, "latency_by": "measured"}, 2.0, False),
        ({"latency_ms": 2.1, "latency_by": "predicted"}, 2.0, True),  # it was within with its margin, or not proposed
        ({"latency_ms": 2.1, "latency_by": "measured"}, None, True),
    ],
)
def test_what_failed_or_is_too_slow_or_has_no_score_cannot_lead(
    changes: dict[str, Any], limit: float | None, leads: bool
) -> None:
    costs = {"params": 9, "macs": 9, "peak_memory": 9, "size": 9, "int8_size": 9}
    trial = Trial(id=1, design="", origin="", **costs, rung=1, val_top1=0.5, val_loss=0.7, state="paused")
    assert rank_of(replace(trial, **changes), limit).leads is leads


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("limit", [None, 2.0])
def test_the_leader_in_sql_is_the_first_in_rank(seed: int, limit: float | None) -> None:
    chance, costs = random.Random(seed), {"params": 9, "peak_memory": 9, "size": 9, "int8_size": 9}
    times = [{"latency_ms": ms, "latency_by": by} for ms in (2.0, 2.1) for by in ("measured", "predicted")] + [{}]
    trials = [
        Trial(
            id=number,
            design=f"d{number}",
            origin="",
            **costs,
            macs=chance.choice([8, 9]),
            rung=chance.choice([0, 1]),
            val_top1=chance.choice([None, 0.5, 0.5]),
            val_loss=chance.choice([None, 0.7, 0.7, 0.8]),
            state=chance.choice(["paused", "paused", "failed"]),
            **chance.choice(times),
        )
        for number in range(1, 9)
    ]
    first = min(trials, key=lambda trial: rank_of(trial, limit))
    names = [each.name for each in fields(Trial)]
    with closing(sqlite3.connect(":memory:")) as ledger:
        ledger.execute(f"CREATE TABLE trial ({', '.join(names)})")
        ledger.executemany(f"INSERT INTO trial VALUES ({', '.join(f':{name}' for name in names)})", map(vars, trials))
        found = ledger.execute(LEADER, {"limit": limit}).fetchone()
    assert (found and found[0]) == (first.id if rank_of(first, limit).leads else None)
