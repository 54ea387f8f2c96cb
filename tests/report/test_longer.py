"""More time is advised where a short training was still gaining, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from featherbone.report.longer import longer
from featherbone.report.run import read_run
from featherbone.report.words import verdict


def rows(tops: list[float], losses: list[float] | None = None) -> list[dict[str, Any]]:
    falling = [1 / (1 + place) for place in range(len(tops))]
    return [{"val_top1": top1, "val_loss": loss} for top1, loss in zip(tops, losses or falling, strict=True)]


RISING = [0.3 + 0.05 * epoch for epoch in range(12)]


@pytest.mark.parametrize(
    ("history", "images", "advised"),
    [
        (rows(RISING), 500, True),
        (rows([*RISING, *[RISING[-1]] * 8]), 500, False),  # it had come to its end
        (rows(RISING, [1.0] * 6 + [1.1 + 0.1 * place for place in range(6)]), 500, False),  # it learns by heart
        (rows([0.80, 0.80, 0.80, 0.80, 0.80, 0.80, 0.81, 0.81]), 100, False),  # 4 points are one standard error
        (rows([0.80, 0.80, 0.80, 0.80, 0.80, 0.80, 0.81, 0.81]), 100_000, True),
        (rows([0.3 + 0.01 * epoch for epoch in range(40)]), 500, False),  # not short
        (rows(RISING[:2]), 500, False),  # too few to see anything
        ([], 500, False),
        ([{"epoch": 1, "val_top1": None, "val_loss": None}] * 9, 500, False),
    ],
)
def test_more_time_is_advised_by_what_validation_did(history: list[dict[str, Any]], images: int, advised: bool) -> None:
    assert bool(longer(history, images, "--epochs")) is advised


def test_the_page_of_a_search_says_it_of_its_winner(make_run: Callable[..., Path]) -> None:
    folder = make_run(finished=True)
    number = json.loads((folder / "run.json").read_text())["result"]["trial"]
    log = folder / "trials" / str(number) / "log.jsonl"
    assert "longer training" not in verdict(read_run(folder)).sentence
    lines = [json.dumps({"epoch": place, **row}) for place, row in enumerate(rows(RISING), start=1)]
    log.write_text("\n".join(lines))
    assert "a longer training (--time, or --epochs) would most likely help" in verdict(read_run(folder)).sentence
