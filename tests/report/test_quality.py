"""What a page says of mistakes and of how sure a network is."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

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


def test_each_class_has_its_own_counts(make_run: MakeRun) -> None:
    matrix = [[12 * (row == column) for column in range(10)] for row in range(10)]
    matrix[1][1], matrix[1][2], matrix[4][4] = 9, 3, 9
    shown = quality(read_run(make_run(finished=True, trials=3, result_changes={"confusion": matrix})))
    rows = {row["name"]: row for row in shown.classes}
    assert shown.classes[0]["name"] == "1"
    assert (rows["1"]["images"], rows["1"]["right"], rows["1"]["recall"], rows["1"]["precision"]) == (12, 9, 0.75, 1.0)
    assert (rows["2"]["images"], rows["2"]["right"], rows["2"]["precision"]) == (12, 12, 0.8)
    assert shown.few == "Fewer than 10 test images show 4: their shares may change much with other images."
    assert shown.misread_of == "3 of 117 test images are misread."


def test_more_mistakes_than_pictures_are_said(make_run: MakeRun) -> None:
    run = read_run(make_run(finished=True, trials=3))
    assert run.result is not None
    fewer = replace(run.result, worst=run.result.worst[2:3])
    shown = quality(replace(run, record=replace(run.record, result=fewer)))
    assert shown.misread_of == "5 of 269 test images are misread; shown are the 1 with the highest loss."
    assert (shown.answers[0]["true"], shown.answers[0]["predicted"]) == ("9", "5")


def test_a_network_without_a_mistake_shows_what_it_was_least_sure_of(make_run: MakeRun) -> None:
    matrix = [[12 * (row == column) for column in range(10)] for row in range(10)]
    run = read_run(make_run(finished=True, trials=3, result_changes={"confusion": matrix}))
    shown = quality(run)
    assert shown.misread == 0
    assert shown.misread_of == "Not one of the 120 test images is misread."
    assert len(shown.answers) == len(run.result.worst)
    assert shown.few == ""


def test_each_mistake_has_its_own_picture(make_run: MakeRun) -> None:
    run = read_run(make_run(finished=True, trials=3))
    pixels = []
    for answer in quality(run).answers:
        with Image.open(io.BytesIO(base64.b64decode(answer["picture"].partition(",")[2]))) as picture:
            pixels.append(picture.getpixel((0, 0)))
    assert pixels == [0, 40, 80, 120, 160], "as the sheet was written, in the order of the answers"


@pytest.mark.parametrize(("resolution", "pixelated"), [(16, True), (96, True), (97, False)])
def test_small_pictures_keep_their_pixels(make_run: MakeRun, resolution: int, pixelated: bool) -> None:
    run = read_run(make_run(finished=True, trials=3))
    data = replace(run.record.data, resolution=resolution)
    assert quality(replace(run, record=replace(run.record, data=data))).pixelated is pixelated
