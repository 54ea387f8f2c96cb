"""What a teacher brought is told only beside the very same run without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from featherbone.job.training.result import gain_of
from featherbone.run_file import FORMAT, VERSION, record_of


def data(fingerprint: str = "d") -> dict[str, Any]:
    counts = {"train": 70, "val": 15, "test": 15}
    return {"fingerprint": fingerprint, "counts": counts, "classes": ["a", "b"], "channels": 3, "resolution": 32}


def result(top1: float, error: float) -> dict[str, Any]:
    return {
        **{"test_top1": top1, "test_top1_standard_error": error, "test_top1_interval": [0.7, 1.0], "test_top5": 1.0},
        **{"test_loss": 0.7, "test_brier": 0.2, "test_calibration_error": 0.1, "test_count": 15},
        **{"params": 9, "macs": 100, "peak_memory": 9, "file_bytes": 9},
        "verification": {"passed": True, "images": 9, "top1_agreement": 1.0, "largest_difference": 1e-6},
    }


def facts(**changes: Any) -> dict[str, Any]:
    """The run.json of a training that is done, as far as it matters here."""
    return {
        **{"format": FORMAT, "version": VERSION},
        "job": "train",
        "data": data(),
        "network": {"name": "net", "graph": "g", "weights": None},
        "recipe": {"epochs": 3, "learning_rate": 0.1},
        "learning_rate_test": None,
        "teacher": None,
        "precision": "auto",
        "seed": 0,
        "result": result(0.8, 0.03),
        **changes,
    }


TAUGHT = facts(
    teacher={"source": "t", "sha256": "s", "weight": 0.9},
    result=result(0.9, 0.04),
)


def write(folder: Path, document: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(document))
    return folder


def test_the_gain_is_the_difference_with_its_interval(tmp_path: Path) -> None:
    alone, taught = write(tmp_path / "alone", facts()), write(tmp_path / "taught", TAUGHT)
    gain = gain_of(taught, record_of(TAUGHT, taught))
    assert gain is not None
    assert gain.run == str(alone)
    assert gain.top1 == 0.8
    assert gain.gain == pytest.approx(0.1)
    assert gain.half == pytest.approx(1.96 * 0.05, rel=1e-3)
    assert gain_of(alone, record_of(facts(), alone)) is None, "without a teacher there is none"


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"recipe": {"epochs": 4, "learning_rate": 0.1}},
        {"data": data("e")},
        {"result": None},
        {"job": "fit"},
        {"teacher": {"source": "t", "sha256": "s", "weight": 0.5}},
    ],
)
def test_no_other_run_will_do(tmp_path: Path, other: dict[str, Any]) -> None:
    write(tmp_path / "alone", facts(**other))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text("{")
    taught = write(tmp_path / "taught", TAUGHT)
    assert gain_of(taught, record_of(TAUGHT, taught)) is None
