"""What a page says of mistakes and of how sure a network is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from featherbone.report.quality import quality
from featherbone.report.run import read_run

MakeRun = Callable[..., Path]


@pytest.mark.parametrize(
    ("confidence", "accuracy", "said"),
    [
        (0.9, 0.8, "90.0 % sure and 80.0 % right: too sure."),
        (0.8, 0.9, "80.0 % sure and 90.0 % right: not sure enough."),
        (0.9, 0.895, "about as sure as it should be."),
    ],
)
def test_a_network_is_too_sure_where_it_is_surer_than_right(
    make_run: MakeRun, confidence: float, accuracy: float, said: str
) -> None:
    bins = [
        {"count": 200, "confidence": confidence, "accuracy": accuracy},
        {"count": 0, "confidence": 0, "accuracy": 0},
    ]
    run = read_run(make_run(finished=True, trials=3, result_changes={"calibration": bins}))
    assert said in quality(run).calibration


def test_the_worst_class_comes_first_with_what_it_is_taken_for(make_run: MakeRun) -> None:
    matrix = [[4 * (row == column) for column in range(10)] for row in range(10)]
    matrix[7] = [0, 1, 3, 0, 2, 0, 0, 1, 1, 0]
    matrix[3] = [0] * 10  # nothing is known of a class without images
    shown = quality(read_run(make_run(finished=True, trials=3, result_changes={"confusion": matrix})))
    assert shown.classes[0]["name"] == "7"
    assert shown.classes[0]["taken"] == "2 (3), 4 (2), 1 (1)"
    assert shown.classes[-1]["name"] == "3"
    assert shown.misread == 7
