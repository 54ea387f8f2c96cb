"""The page of a training says what its folder says, at its beginning, on its way and at its end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from featherbone.report import write_report
from featherbone.report.sheet import MISTAKES

MakeTraining = Callable[..., Path]


def read(folder: Path) -> tuple[str, dict[str, Any]]:
    """The visible text and the figures of the page."""
    page = write_report(folder).read_text(encoding="utf-8").replace(get_plotlyjs(), "")
    drawn = re.findall(r'data-plot="plot-(\w+)">(.*?)</script>', page, re.DOTALL)
    text = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(text)), {name: json.loads(figure) for name, figure in drawn}


def test_a_finished_training_is_told_whole(make_training: MakeTraining) -> None:
    folder = make_training(epochs=12, finished=True)
    text, figures = read(folder)
    for words in (
        "trained design, with ",
        "gets 98.1 % of 269 test images right, which it had never seen",
        "95 % interval 95.7 to 99.2 %",
        "12 of 12 epochs, 630 images a second",
        "The highest was 95.8 % after epoch 12; shipped are the weights of the last epoch.",
        "5 of 269 test images are misread.",
        "On average it is 97.5 % sure and 98.2 % right: about as sure as it should be.",
        "Asked for: my <b>net</b>",
        "it is built",
        "8 26 24 92.3 % 96.0 % 94.1 % 1 (2)",
    ):
        assert words in text, words
    assert "Still missing" not in text
    assert set(figures) == {"losses", "top1", "rate", "speed", "confusion", "reliability"}
    assert figures["losses"]["data"][0]["y"] == [2 / n for n in range(1, 13)]
    for figure in figures.values():
        go.Figure(json.loads(re.sub(r"var\(--[a-z0-9-]+\)", "#123456", json.dumps(figure))))


def test_mistakes_are_shown_as_pictures_and_their_lack_is_said(make_training: MakeTraining) -> None:
    folder = make_training(epochs=12, finished=True)
    page = write_report(folder).read_text(encoding="utf-8")
    assert page.count('<img src="data:image/png;base64,') == 5, "the one that was read right is no mistake"
    (folder / MISTAKES).unlink()
    text, _ = read(folder)
    assert "The pictures are not shown: mistakes.png can't be read" in text


def test_a_training_on_its_way_is_loaded_again(make_training: MakeTraining) -> None:
    folder = make_training(epochs=3)
    text, figures = read(folder)
    assert "running After epoch 3, design gets 83.3 % of the validation images right." in text
    assert "after 3 of 12 epochs" in text
    assert "Still missing: the test result, the model files, the check of the ONNX file, latency." in text
    assert set(figures) == {"losses", "top1", "rate", "speed"}
    assert '<meta http-equiv="refresh" content="60">' in (folder / "report.html").read_text(encoding="utf-8")


def test_before_the_first_epoch(make_training: MakeTraining) -> None:
    text, figures = read(make_training(epochs=0))
    assert "No epoch is finished yet." in text
    assert figures == {}
