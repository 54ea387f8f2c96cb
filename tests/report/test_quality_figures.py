"""The figures of how good a network is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from small_search import RESULT, small_search

from featherbone.report.quality_figures import MOST_CELLS, MOST_LABELLED, confusion, reliability
from featherbone.report.run import Run
from featherbone.run_record import BinRecord


def finished(classes: int = 2, **changes: Any) -> Run:
    run = small_search(result=replace(RESULT, **changes))
    data = replace(run.record.data, classes=tuple(f"class {number}" for number in range(classes)))
    return replace(run, record=replace(run.record, data=data))


def of_run(run: Run) -> Any:
    return confusion(run.result, run.record.data.classes)


def identity(size: int) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(row == column) for column in range(size)) for row in range(size))


def test_a_cell_is_coloured_by_its_share_of_what_the_images_show() -> None:
    figure = of_run(finished(confusion=((3, 1), (0, 5))))
    (trace,) = figure["data"]
    assert trace["z"] == [[0.75, 0.25], [0.0, 1.0]]
    assert trace["text"] == [["3", "1"], ["", "5"]]
    assert trace["x"] == trace["y"] == ["class 0", "class 1"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "the network says"
    assert figure["layout"]["yaxis"]["title"]["text"] == "the image shows"
    assert figure["layout"]["yaxis"]["autorange"] == "reversed", "the first class stands on top, as in the table"
    (empty,) = of_run(finished(confusion=((0, 0), (0, 5))))["data"]
    assert empty["z"][0] == [0.0, 0.0], "a class without images"


@pytest.mark.parametrize(
    ("size", "drawn", "labelled"),
    [
        (MOST_LABELLED, True, True),
        (MOST_LABELLED + 1, True, False),
        (MOST_CELLS, True, False),
        (MOST_CELLS + 1, False, False),
    ],
)
def test_a_large_matrix_loses_its_numbers_and_a_huge_one_is_not_drawn(size: int, drawn: bool, labelled: bool) -> None:
    figure = of_run(finished(classes=size, confusion=identity(size)))
    assert (figure is not None) is drawn
    assert ("text" in figure["data"][0] if figure is not None else False) is labelled


def test_without_a_matrix_of_these_classes_nothing_is_drawn() -> None:
    assert of_run(small_search()) is None
    assert of_run(finished(confusion=())) is None
    assert of_run(finished(classes=3)) is None


def test_each_group_stands_at_its_confidence() -> None:
    bins = (
        BinRecord(count=0, confidence=0.0, accuracy=0.0),
        BinRecord(count=30, confidence=0.3, accuracy=0.4),
        BinRecord(count=0, confidence=0.0, accuracy=0.0),
        BinRecord(count=90, confidence=0.9, accuracy=0.8),
    )
    right, share, ideal = reliability(finished(calibration=bins).result)["data"]
    assert right["x"] == share["x"] == [37.5, 87.5]
    assert right["y"] == pytest.approx([40, 80])
    assert share["y"] == pytest.approx([25, 75])
    assert right["width"] == 25
    assert right["text"] == ["30 images, sure 30.0 %, right 40.0 %", "90 images, sure 90.0 %, right 80.0 %"]
    assert (ideal["x"], ideal["y"]) == ([0, 100], [0, 100])
    assert "yaxis" not in right
    assert share["yaxis"] == "y2"
    assert reliability(finished(calibration=()).result) is None
    assert reliability(small_search().result) is None
