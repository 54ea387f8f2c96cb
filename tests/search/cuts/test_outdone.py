"""When designs from nothing are tried no more beside cuts."""

from __future__ import annotations

import pytest

from featherbone.search import Score
from featherbone.search.cuts.outdone import outdone
from featherbone.search.record.rows import Trial
from featherbone.search.schedule.board import Board, RungJob

COSTS = {"macs": 1000, "params": 10, "peak_memory": 10, "size": 10, "int8_size": 10}


def board_of(cuts: list[float], others: list[float]) -> Board:
    """A board on which these scored at the first rung."""
    board = Board((2, 6))
    texts = [f"cut tiny | r8 | keep {n}" for n in range(1, len(cuts) + 1)]
    texts += [f"r8 | stem w{n}" for n in range(1, len(others) + 1)]
    for number, (text, top1) in enumerate(zip(texts, [*cuts, *others], strict=True), start=1):
        board.add((Trial(id=number, design=text, origin="", **COSTS),))
        job = RungJob(trial=number, rung=0)
        board.begin(job)
        board.reach(job, Score(epochs=2, val_top1=top1, val_loss=1.0, seconds=1.0), "paused")
    return board


@pytest.mark.parametrize(
    ("cuts", "others", "expected"),
    [
        ([0.8], [0.5, 0.4, 0.3, 0.2], True),
        ([0.8], [0.5, 0.4, 0.3], False),  # too few to say
        ([0.8], [0.65, 0.4, 0.3, 0.2], False),  # not so far
        ([], [0.5, 0.4, 0.3, 0.2], False),
        ([1.0], [1.0, 1.0, 1.0, 1.0], False),
    ],
)
def test_they_are_where_all_of_enough_are_far_behind(cuts: list[float], others: list[float], expected: bool) -> None:
    assert outdone(board_of(cuts, others)) is expected
