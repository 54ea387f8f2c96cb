"""run.json as a record: what is in it is read by its type, and what is damaged is said by its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from featherbone.errors import FeatherboneError
from featherbone.job.folder import write_facts
from featherbone.run_file import read_record

CHECK = {"passed": False, "images": 9, "top1_agreement": 0.5, "largest_difference": None, "reason": "it differs"}
RESULT: dict[str, Any] = {
    **{"test_top1": 0.9, "test_top1_standard_error": 0.1, "test_top1_interval": [0.7, 1], "test_top5": 1},
    **{"test_loss": 0.3, "test_brier": 0.1, "test_calibration_error": 0.05, "test_count": 20},
    **{"params": 100, "macs": 1000, "peak_memory": 512, "file_bytes": 900},
    "confusion": [[9, 1], [1, 9]],
    "verification": CHECK,
}


def test_a_record_holds_what_was_written(tmp_path: Path) -> None:
    data = {"classes": ["cat", "dog"], "counts": {"val": 9}, "crop": 0.875, "skipped": [["a.png", "is truncated"]]}
    budget = {"macs": 1000, "params": None, "latency": {"ms": 2.5}}
    write_facts(tmp_path, {"job": "fit", "data": data, "budget": budget, "result": RESULT, "of later": {"x": [1]}})
    record = read_record(tmp_path)
    assert record is not None
    assert record.result is not None
    assert record.result.test_top1_interval == (0.7, 1.0)
    assert record.result.confusion == ((9, 1), (1, 9))
    assert record.result.verification.reason == "it differs"
    assert (record.data.validated, record.data.view.crop, record.data.skipped) == (
        9,
        0.875,
        (("a.png", "is truncated"),),
    )
    assert record.limits == {"macs": 1000, "latency": 2.5}
    assert not record.is_training
    assert not record.is_finished, "the file that would ship failed its check"
    write_facts(tmp_path, {"job": "fit", "result": {**RESULT, "verification": {**CHECK, "passed": True}}})
    again = read_record(tmp_path)
    assert again is not None
    assert again.is_finished


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "is not a run of format featherbone-run, version 1"),
        ({"version": 2}, "is not a run of format featherbone-run, version 1"),
        ({"job": None}, "is damaged: run.json.job is None; it must be text"),
        ({"data": []}, r"is damaged: run.json.data is \[\]; it must be an object"),
        ({"data": {"counts": {"val": "9"}}}, "is damaged: run.json.data.counts.val is '9'; it must be a whole number"),
        ({"data": {"classes": ["cat", 2]}}, r"is damaged: run.json.data.classes\[1\] is 2; it must be text"),
        ({"result": {}}, "is damaged: run.json.result lacks test_top1, "),
        ({"result": {**RESULT, "test_top1": True}}, "is damaged: run.json.result.test_top1 is True"),
        ({"result": {**RESULT, "confusion": [[1, 0.5]]}}, r"is damaged: run.json.result.confusion\[0\]\[1\] is 0.5"),
        ({"result": {**RESULT, "test_top1_interval": [0.1]}}, "interval has 1 values; it needs 2"),
    ],
)
def test_what_is_damaged_is_said_by_its_place(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    facts = {"format": "featherbone-run", "version": 1, "job": "fit", "result": None, **changes}
    (tmp_path / "run.json").write_text(json.dumps(facts))
    with pytest.raises(FeatherboneError, match=message):
        read_record(tmp_path)


def test_a_record_says_which_parts_every_run_has(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"format": "featherbone-run", "version": 1}))
    with pytest.raises(FeatherboneError, match=r"is damaged: run\.json lacks job, result"):
        read_record(tmp_path)
