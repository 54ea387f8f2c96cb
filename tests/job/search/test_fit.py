"""The main job, whole: what it writes, that it goes on after any kill with the same result, and what it refuses."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image

from featherbone.cli.run_output import print_run
from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.job import finish as finishing
from featherbone.job import fit
from featherbone.nn import Model, load_model
from featherbone.progress import Step, TrialScored
from featherbone.search import Budget, Costs, Event, costs_of
from featherbone.train import evaluate

BUDGET = Budget(macs=60_000, params=2_000)
ASKED: dict[str, Any] = {"trials": 4, "epochs": 6, "seed": 3}
RUN_AND_DIE = """
import os, signal, sys
from pathlib import Path
from featherbone.job import fit
from featherbone.search import Budget

left = int(sys.argv[3])

def watch(event):
    global left
    left -= 1
    if left == 0 or type(event).__name__ == "Step" and event.name == sys.argv[4]:
        os.kill(os.getpid(), signal.SIGKILL)

fit(sys.argv[1], Budget(macs=60_000, params=2_000), out=Path(sys.argv[2]), trials=4, epochs=6, seed=3, progress=watch)
"""


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEATHERBONE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bright left halves, bright upper halves and bright corners, with noise."""
    root, random = tmp_path_factory.mktemp("shapes"), np.random.default_rng(0)
    bright = {"left": np.s_[:, :4], "upper": np.s_[:4, :], "corner": np.s_[:4, :4]}
    for name, place in bright.items():
        (root / name).mkdir()
        for number in range(60):
            pixels = random.integers(0, 150, (8, 8), dtype=np.uint8)
            pixels[place] += 55
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def undisturbed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """A run that nothing stopped, and what it told."""
    events: list[Event] = []
    folder = fit(data, BUDGET, out=tmp_path_factory.mktemp("runs") / "whole", progress=events.append, **ASKED)
    return folder, events


def tables(folder: Path) -> list[tuple[Any, ...]]:
    """The ledger without the seconds, which no two runs share."""
    connection = sqlite3.connect(folder / "ledger.sqlite")
    trials = connection.execute(
        "SELECT id, design, origin, params, macs, peak_memory, state, rung, epochs, val_top1, error FROM trial"
        " ORDER BY id"
    ).fetchall()
    rungs = connection.execute(
        "SELECT trial, rung, epochs, val_top1, val_loss FROM rung ORDER BY trial, rung"
    ).fetchall()
    connection.close()
    return trials + rungs


def test_a_run_folder_is_complete_and_within_the_budget(undisturbed: tuple[Path, list[Event]], data: Path) -> None:
    folder, events = undisturbed
    for name in ("run.json", "ledger.sqlite", "model.safetensors", "model.onnx", "report.html"):
        assert (folder / name).stat().st_size > 0
    facts = json.loads((folder / "run.json").read_text())
    result = facts["result"]
    assert facts["format"] == "featherbone-run"
    limits, settings = ["--macs", "60000", "--params", "2000"], ["--epochs", "6", "--trials", "4", "--seed", "3"]
    assert facts["command"] == ["featherbone", "fit", str(data), *limits, *settings, "--out", str(folder)]
    assert facts["data"]["counts"]["train"] > facts["data"]["counts"]["test"] > 0
    assert result["macs"] <= 60_000
    assert result["params"] <= 2_000
    assert result["verification"]["passed"]
    assert result["test_count"] == facts["data"]["counts"]["test"] == sum(map(sum, result["confusion"]))
    assert result["test_top1"] > 0.6  # a third by chance
    assert result["file_bytes"] == (folder / "model.safetensors").stat().st_size
    model, dataset = load_model(folder / "model.safetensors"), open_dataset(data, seed=3)
    confusions = {name: evaluate(model.module(), split, dataset).confusion for name, split in dataset.splits.items()}
    assert result["confusion"] == confusions["test"].tolist() != confusions["val"].tolist()
    assert model.classes == ("corner", "left", "upper")
    assert model.provenance["design"] == result["design"]
    scored = [(event.trial, event.rung) for event in events if isinstance(event, TrialScored)]
    assert len(scored) == len(set(scored)) == 4 + 2
    names = [event.name for event in events if isinstance(event, Step)]
    assert names == ["data", "search", "winner", "export", "verify", "time", "test", "report"]


def test_kills_at_any_moment_change_nothing(undisturbed: tuple[Path, list[Event]], data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    for after, step in ((9, ""), (40, ""), (10**6, "verify")):
        killed = subprocess.run([sys.executable, "-c", RUN_AND_DIE, str(data), str(folder), str(after), step])
        assert killed.returncode == -signal.SIGKILL
        assert json.loads((folder / "run.json").read_text())["result"] is None
    events: list[Event] = []
    fit(data, BUDGET, out=folder, progress=events.append, **ASKED)
    assert not [event for event in events if isinstance(event, TrialScored)]  # it was killed after the last one
    assert tables(folder) == tables(undisturbed[0])
    assert (folder / "model.safetensors").read_bytes() == (undisturbed[0] / "model.safetensors").read_bytes()
    ours, theirs = (json.loads((path / "run.json").read_text())["result"] for path in (folder, undisturbed[0]))
    for key in ("trial", "test_top1", "val_top1", "confusion", "file_bytes"):
        assert ours[key] == theirs[key]


def test_a_finished_run_is_left_as_it_is(undisturbed: tuple[Path, list[Event]], data: Path) -> None:
    folder, _ = undisturbed
    before = {name: (folder / name).stat().st_mtime_ns for name in ("run.json", "model.safetensors", "model.onnx")}
    events: list[Event] = []
    assert fit(data, BUDGET, out=folder, progress=events.append, **ASKED) == folder
    assert {name: (folder / name).stat().st_mtime_ns for name in before} == before
    assert [event.name for event in events if isinstance(event, Step)] == ["data", "report"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 4}, r"seed was 3 and is 4"),
        ({"epochs": 7}, r"recipe\.epochs was 6 and is 7"),
        ({"trials": 5}, r"limits\.trials was 4 and is 5"),
        ({"budget": Budget(macs=60_000)}, r"budget\.params was 2000 and is None"),
        ({"resolution": 9}, r"space\.resolutions was \[8\] and is \[9\]"),
    ],
)
def test_another_run_in_the_same_folder_is_refused_with_the_differences(
    undisturbed: tuple[Path, list[Event]], data: Path, change: dict[str, Any], told: str
) -> None:
    arguments = {"budget": BUDGET, **ASKED, **change}
    with pytest.raises(FeatherboneError, match=told):
        fit(data, out=undisturbed[0], **arguments)


def test_what_no_design_meets_is_refused_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match="parameters are limited to 20"):
        fit(data, Budget(macs=60_000, params=20), out=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_search_needs_a_trial(data: Path, tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match="trials is 0"):
        fit(data, BUDGET, out=tmp_path / "none", trials=0)


def test_a_folder_of_something_else_is_not_written_into(data: Path) -> None:
    with pytest.raises(FeatherboneError, match="holds no run"):
        fit(data, BUDGET, out=data)
    assert sorted(path.name for path in data.iterdir()) == ["corner", "left", "upper"]


@pytest.mark.parametrize(("name", "out"), [("../up", None), ("a", Path("b")), ("", None)])
def test_names_that_are_no_folder_names_are_refused(data: Path, name: str, out: Path | None) -> None:
    with pytest.raises(FeatherboneError, match="name"):
        fit(data, BUDGET, name=name, out=out)


def unfinished(run: Path, folder: Path) -> None:
    """A copy of a finished run from which the last step is taken back."""
    shutil.copytree(run, folder)
    facts = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**facts, "result": None}))


def test_a_model_that_turns_out_to_exceed_the_budget_fails_the_run(
    undisturbed: tuple[Path, list[Event]], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def larger(graph: Graph, **settings: int) -> Costs:
        return replace(costs_of(graph, **settings), **({} if settings else {"params": 2_001}))

    unfinished(undisturbed[0], tmp_path / "large")
    monkeypatch.setattr(finishing, "costs_of", larger)
    with pytest.raises(FeatherboneError, match="exceeds params"):
        fit(data, BUDGET, out=tmp_path / "large", **ASKED)
    assert json.loads((tmp_path / "large" / "run.json").read_text())["result"] is None


@pytest.mark.parametrize("damage", ["weights", "no file"])
def test_an_export_that_fails_its_check_is_reported_and_tried_again(
    damage: str,
    undisturbed: tuple[Path, list[Event]],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "wrong"
    unfinished(undisturbed[0], folder)
    (folder / "model.onnx").unlink()
    before = (undisturbed[0] / "model.safetensors").read_bytes()

    def wrong(model: Model, path: Path) -> None:
        weights = {name: tensor * 1.5 for name, tensor in model.weights.items()}
        export(
            Model(graph=model.graph, weights=weights, classes=model.classes, preprocessing=model.preprocessing), path
        )
        if damage == "no file":
            path.write_bytes(b"no ONNX")

    export = finishing.export_onnx
    with monkeypatch.context() as patch:
        patch.setattr(finishing, "export_onnx", wrong)
        fit(data, BUDGET, out=folder, **ASKED)
    facts = json.loads((folder / "run.json").read_text())
    check = facts["result"]["verification"]
    assert not check["passed"]
    assert facts["result"]["test_count"] > 0
    assert (folder / "unverified.onnx").exists()
    assert not (folder / "model.onnx").exists()
    page = (folder / "report.html").read_text()
    assert "not verified" in page
    assert "The ONNX file does not match it." in page
    with pytest.raises(typer.Exit):
        print_run(folder, never_saw="the search never saw", json=False)
    said = " ".join(capsys.readouterr().out.split())
    assert f"ONNX not verified: {check['reason']}" in said
    assert "unverified.onnx" in said

    fit(data, BUDGET, out=folder, **ASKED)
    assert json.loads((folder / "run.json").read_text())["result"]["verification"]["passed"]
    assert (folder / "model.onnx").read_bytes() == (undisturbed[0] / "model.onnx").read_bytes()
    assert (folder / "model.safetensors").read_bytes() == before
