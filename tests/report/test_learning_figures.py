"""The curves of a training hold what its log does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from featherbone.report.learning_figures import FEW, learning
from featherbone.report.run import read_run


def test_curves_are_drawn_by_epoch_in_the_units_of_their_axes(make_training: Callable[..., Path]) -> None:
    run = read_run(make_training(epochs=2))
    images = run.record.data.counts["train"]
    rows = ({"epoch": 1, "val_top1": 0.5, "lr": 0.1, "seconds": 4.0, "train_loss": 3.0, "val_loss": 2.0}, {"epoch": 3})
    drawn = learning(replace(run, history=rows))
    assert {(name, trace["name"]): (trace["x"], trace["y"]) for name in drawn for trace in drawn[name]["data"]} == {
        ("losses", "training"): ([1, 3], [3.0, None]),
        ("losses", "validation"): ([1, 3], [2.0, None]),
        ("top1", "validation top-1"): ([1, 3], [50.0, None]),
        ("rate", "learning rate"): ([1, 3], [0.1, None]),
        ("speed", "images a second"): ([1, 3], [images / 4, None]),
    }
    assert [drawn[name]["layout"]["showlegend"] for name in drawn] == [True, False, False, False]
    assert [name for name in drawn if drawn[name]["layout"]["yaxis"].get("rangemode") == "tozero"] == ["speed"]
    assert learning(replace(run, history=())) == {}


@pytest.mark.parametrize(("epochs", "each"), [(1, True), (FEW, True), (FEW + 1, False)])
def test_few_epochs_have_a_tick_each(make_training: Callable[..., Path], epochs: int, each: bool) -> None:
    drawn = learning(read_run(make_training(epochs=epochs)))["top1"]
    assert ("dtick" in drawn["layout"]["xaxis"]) is each
    assert drawn["data"][0]["mode"] == ("markers" if epochs == 1 else "lines"), "one point alone is no line"
