"""A run folder as `featherbone fit` leaves it, made up: realistic numbers without an hour of training."""

from __future__ import annotations

import json
import math
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sealed_ledger import sealed

from featherbone.cost import count, peak_memory
from featherbone.graph import Graph, to_json
from featherbone.metrics import wilson_interval
from featherbone.report.sheet import MISTAKES, write_sheet
from featherbone.search import Design
from featherbone.search.record.schema import SCHEMA, VERSION

RUNG_EPOCHS = (4, 12, 36)


def design(widths: list[int], depths: list[int], classes: int = 10, *, se: bool = False) -> tuple[str, Graph]:
    """A network of inverted residuals, and the line that describes it."""
    words = ["r16", f"stem w{widths[0]} relu6"]
    for place, (width, depth) in enumerate(zip(widths[1:], depths, strict=True), start=1):
        stride, excited = " s2" if place > 1 else "", " se" if se else ""
        words.append(f"inverted_residual w{width} d{depth}{stride} t2{excited} relu6")
    text = str(Design.parse(" | ".join(words)))
    return text, Design.parse(text).graph(classes=classes, channels=1)


def facts(**changes: Any) -> dict[str, Any]:
    """run.json of a run that is going on."""
    return {
        "format": "featherbone-run",
        "version": 1,
        "job": "fit",
        "command": ["featherbone", "fit", "digits", "--macs", "300k", "--params", "20k", "--out", "runs/my digits"],
        "data": {
            "source": "digits",
            "name": "digits",
            "fingerprint": "sha256:9f2c41d0a7e85b13",
            "classes": [str(digit) for digit in range(10)],
            "resolution": 16,
            "channels": 1,
            "counts": {"train": 1259, "val": 269, "test": 269},
            "warnings": ["2 images of test stand in train as well, byte for byte"],
            "skipped": [["train/3/broken.png", "is truncated"]],
        },
        "budget": {"macs": 300_000, "params": 20_000, "memory": None, "size": 262_144},
        "seed": 0,
        "recipe": {"optimizer": "sgd", "learning_rate": 0.2, "epochs": 36, "batch_size": 64, "weight_decay": 5e-4},
        "versions": {"featherbone": "0.1.0", "torch": "2.13.0", "onnxruntime": "1.32.0", "python": "3.11.7"},
        "machine": {"cpu": "AMD EPYC", "cores": 2, "system": "Linux"},
        "result": None,
        **changes,
    }


def _insert(ledger: sqlite3.Connection, **values: Any) -> None:
    row = {"origin": "random", "params": 1, "macs": 1, "peak_memory": 1, "size": 1, "int8_size": 1, **values}
    marks = ", ".join("?" for _ in row)
    ledger.execute(f"INSERT INTO trial ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def write_run(folder: Path, run: dict[str, Any], *, trials: int = 24, seed: int = 0) -> Path:
    """The folder: run.json, a ledger of ``trials`` designs in three rungs, and their logs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    chance = random.Random(seed)
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as empty:
        empty.executescript(f"{SCHEMA} PRAGMA user_version = {VERSION};")
    with sealed(folder) as ledger:
        for number in range(1, trials + 1):
            last = 2 if number % 8 == 1 else 1 if number % 3 == 1 else 0
            widths = [chance.choice([8, 12, 16]) + 4 * place for place in range(4)]
            text, graph = design(widths, [chance.choice([1, 2, 3]) for _ in range(3)], se=number % 4 == 1)
            cost = count(graph)
            ceiling = 0.93 + 0.05 * math.log10(int(cost.macs) / 60_000) + chance.uniform(-0.015, 0.01)
            log = [
                {
                    "epoch": epoch,
                    "lr": 0.2,
                    "train_loss": 2.2 * math.exp(-epoch / 6) + 0.04 + chance.uniform(0, 0.02),
                    "val_loss": 2.2 * math.exp(-epoch / 6) + 0.11 + chance.uniform(0, 0.05),
                    "val_top1": min(0.995, ceiling * (1 - 0.85 * math.exp(-epoch / 3.5)))
                    + chance.uniform(-0.004, 0.004),
                    "seconds": 0.6,
                }
                for epoch in range(1, RUNG_EPOCHS[last] + 1)
            ]
            (folder / "trials" / str(number)).mkdir(parents=True)
            lines = "\n".join(json.dumps(entry) for entry in log)
            (folder / "trials" / str(number) / "log.jsonl").write_text(
                lines + '\n{"epoch": 99, "tr'
            )  # cut off by a kill
            for rung, epochs in enumerate(RUNG_EPOCHS[: last + 1]):
                entry = log[epochs - 1]
                row = (number, rung, epochs, entry["val_top1"], entry["val_loss"], 0.6 * epochs, "")
                ledger.execute("INSERT INTO rung VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", row)
            _insert(
                ledger,
                id=number,
                design=text + " " * number,  # a ledger holds each design once, and equal ones may be drawn here
                params=int(cost.params),
                macs=int(cost.macs),
                peak_memory=peak_memory(graph).bytes,
                state="done" if last == 2 else "stopped",
                rung=last,
                epochs=RUNG_EPOCHS[last],
                val_top1=log[-1]["val_top1"],
                seconds=0.6 * RUNG_EPOCHS[last],
            )
        if trials:
            text, graph = design([8, 12, 16, 20], [1, 1, 1])
            _insert(ledger, id=trials + 1, design=text, state="failed", error="the loss became NaN in epoch 2")
    return folder


def result(folder: Path, **changes: Any) -> dict[str, Any]:
    """What a finished run says of its best trial."""
    best = "SELECT id, params, macs, peak_memory, val_top1 FROM trial WHERE state = 'done' ORDER BY val_top1 DESC"
    with sealed(folder) as ledger:
        number, params, macs, memory, top1 = ledger.execute(best).fetchone()
    costs = {"params": params, "macs": macs, "peak_memory": memory, "file_bytes": 98_304, "val_top1": top1}
    return {"trial": number, **finished(folder, **costs), **changes}


def finished(folder: Path, **costs: Any) -> dict[str, Any]:
    """What both jobs say at their end, and the sheet of the images that were read worst."""
    matrix = [[26 if row == column else 0 for column in range(10)] for row in range(10)]
    mistakes = ((8, 1, 2), (9, 5, 1), (3, 8, 1), (4, 7, 1))
    for row, column, images in mistakes:
        matrix[row][column] += images
        matrix[row][row] -= images
    matrix[0][0] += 9
    misread = [(row, column) for row, column, images in mistakes for _ in range(images)]
    worst = [
        {
            "index": 7 * place,
            "true": row,
            "predicted": column,
            "confidence": 0.9,
            "loss": 3.0,
            "path": f"{row}/{place}.png",
        }
        for place, (row, column) in enumerate([*misread, (2, 2)])
    ]
    shades = np.arange(len(worst), dtype=np.uint8)[:, None, None, None]
    write_sheet(folder / MISTAKES, np.broadcast_to(40 * shades, (len(worst), 16, 16, 1)))
    empty = {"count": 0, "confidence": 0.0, "accuracy": 0.0}
    return {
        "test_top1": 264 / 269,
        "test_top1_standard_error": 0.0083,
        "test_top1_interval": list(wilson_interval(264, 269)),
        "test_top5": 1.0,
        "test_loss": 0.0712,
        "test_brier": 0.0301,
        "test_calibration_error": 0.0155,
        "test_count": 269,
        "verification": {"largest_difference": 4.8e-6, "top1_agreement": 1.0, "images": 256, "passed": True},
        "timing": {"p50_ms": 0.123, "p90_ms": 0.145, "runs": 2000, "threads": 1},
        "confusion": matrix,
        "calibration": [
            *[empty] * 10,
            {"count": 9, "confidence": 0.7, "accuracy": 0.8},
            *[empty] * 3,
            {"count": 260, "confidence": 0.985, "accuracy": 0.988},
        ],
        "worst": worst,
        "seconds": 148.2,
        **costs,
    }


_finished = finished  # the fixtures below have a parameter of this name


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run folder; ``finished=True`` adds a result, of which ``result_changes`` replaces parts."""

    def make(
        *, trials: int = 24, finished: bool = False, result_changes: dict[str, Any] | None = None, **changes: Any
    ) -> Path:
        folder = write_run(tmp_path / "run", facts(**changes), trials=trials)
        if finished:
            found = result(folder, **(result_changes or {}))
            # The made-up designs are larger than the budget of the issue; the limit follows the winner.
            budget = {"macs": int(found["macs"] * 1.03), "params": 2 * found["params"], "memory": None, "size": 262_144}
            budget = changes.get("budget", budget)
            run = facts(**{**changes, "result": found, "budget": budget})
            (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
        return folder

    return make


@pytest.fixture
def make_training(tmp_path: Path) -> Callable[..., Path]:
    """A folder of a training of so many epochs out of 12; ``finished`` adds a result."""

    def make(*, epochs: int, finished: bool = False, **changes: Any) -> Path:
        folder = tmp_path / "training"
        folder.mkdir()
        graph = design([8, 12, 16], [1, 2])[1]
        network = {"asked": "my <b>net</b>", "name": "design", "graph": "0", "weights": None, "said": ["it is built"]}
        run = facts(job="train", network=network, budget=None, **changes)
        run["recipe"]["epochs"] = 12
        if finished:
            costs = {"params": int(count(graph).params), "macs": int(count(graph).macs), "file_bytes": 40_960}
            costs["peak_memory"] = peak_memory(graph).bytes
            run["result"] = _finished(folder, epochs=12, best_epoch=12, val_top1=0.98, **costs)
        (folder / "run.json").write_text(json.dumps(run))
        (folder / "network.json").write_text(to_json(graph))
        rows = [
            {"epoch": n, "lr": 0.2 / n, "train_loss": 2 / n, "val_loss": 1.8 / n, "val_top1": 1 - 0.5 / n, "seconds": 2}
            for n in range(1, epochs + 1)
        ]
        (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return folder

    return make


@pytest.fixture
def run_parts() -> SimpleNamespace:
    """What the folder of any run is made of."""
    return SimpleNamespace(design=design, facts=facts, finished=finished)
