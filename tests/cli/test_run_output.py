"""How a job ends on the terminal."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import typer
from small_search import RESULT

from featherbone.cli.run_output import WORST, _worst, print_run
from featherbone.cut_record import ComparedRecord
from featherbone.metrics import class_scores
from featherbone.quantized_record import IntegersRecord, SpeedRecord
from featherbone.run_record import ResultRecord, TeacherGain, Verification


def said(folder: Path, capsys: pytest.CaptureFixture[str], result: ResultRecord, **changes: Any) -> str:
    """What is printed of a run with this result."""
    data = {"classes": ["cat", "dog"], "counts": {"val": 9}}
    facts = {"format": "featherbone-run", "version": 1, "job": "train", "data": data, "result": asdict(result)}
    (folder / "run.json").write_text(json.dumps({**facts, **changes}))
    print_run(folder, never_saw="it never saw", json=False)
    return capsys.readouterr().out


def test_the_classes_that_are_recognised_least_are_named_the_worst_first_and_none_that_is_always_right() -> None:
    scores = class_scores([[3, 1, 0, 0], [2, 2, 0, 0], [0, 0, 4, 0], [0, 0, 0, 0]])
    assert list(_worst(("cat", "dog", "owl", "yak"), scores)) == ["least recognised: dog 50.0 %, cat 75.0 %"]
    assert list(_worst(("cat", "dog"), class_scores([[4, 0], [0, 4]]))) == []
    assert list(_worst(("cat",), class_scores([[4]]))) == []
    (line,) = _worst("abcdefghi", class_scores([[1, *8 * [0]] for _ in range(9)]))  # all are taken for the first
    assert line.count(" 0.0 %") == WORST


def test_a_result_is_told_with_its_costs_and_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(tmp_path, capsys, RESULT)
    assert text.splitlines()[1:7] == [
        "75.00 % top-1 on 500 test images that it never saw; 95 % interval 70.00 to 80.00 %",
        "least recognised: cat 80.0 %",
        "90 parameters, 1.9 k multiply-adds, 2.9 KiB peak activations, 2.0 KiB file, 1 ms on 1 thread (ONNX Runtime)",
        "ONNX verified on 9 images: top-1 agreement 100 %, largest difference 0.0e+00",
        "",
        f"report  {tmp_path / 'report.html'}",
    ]
    assert f"try     featherbone predict {tmp_path / 'model.onnx'} IMAGE…" in text
    slow = said(tmp_path, capsys, replace(RESULT, latency_ms=2.5, timing=None))
    assert "2.5 ms when it was chosen" in slow
    assert "ONNX Runtime" not in slow
    assert "top-5" not in slow, "of two classes it says nothing"


def test_the_top_five_are_told_of_more_than_five_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for classes, told in ((5, False), (6, True)):
        matrix = tuple(tuple(int(row == column) for column in range(classes)) for row in range(classes))
        data = {"classes": [f"class {number}" for number in range(classes)], "counts": {}}
        text = said(tmp_path, capsys, replace(RESULT, confusion=matrix), data=data)
        assert (", 99.00 % top-5 on 500 test images" in text) is told


def test_a_file_that_failed_its_check_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = Verification(passed=False, images=9, top1_agreement=0.5, largest_difference=1.0, reason="it differs")
    with pytest.raises(typer.Exit) as stop:
        said(tmp_path, capsys, replace(RESULT, verification=wrong))
    assert stop.value.exit_code == 1
    text = capsys.readouterr().out
    assert "ONNX not verified: it differs" in text
    assert str(tmp_path / "unverified.onnx") in text
    assert f"predict {tmp_path / 'model.safetensors'} IMAGE" in text


def test_what_a_teacher_brought_is_told_or_how_to_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gain = asdict(TeacherGain(run="runs/alone", top1=0.72, gain=0.03, half=0.015))
    text = said(tmp_path, capsys, RESULT, gain=gain, teacher={})
    assert "the teacher brought +3.00 ± 1.50 points (95 %): the same run without it reached 72.00 %, runs/alone" in text
    unknown = "the same run without --teacher"
    assert unknown in said(tmp_path, capsys, RESULT, teacher={})
    assert unknown not in said(tmp_path, capsys, RESULT, teacher={}, job="fit")
    assert unknown not in said(tmp_path, capsys, RESULT)


def test_what_a_cut_and_integers_brought_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    costs = {"params": 100, "peak_memory": 1, "file_bytes": 1, "test_top1": 0.9, "test_top1_standard_error": 0.01}
    compared = [
        asdict(ComparedRecord(name="uncut", macs=2000, latency_ms=3.0, **costs)),
        asdict(ComparedRecord(name="cut", macs=1000, latency_ms=None, **costs)),
    ]
    lines = said(tmp_path, capsys, RESULT, compared=compared).splitlines()
    assert "uncut: 90.00 % top-1, 2.0 k multiply-adds, 100 parameters, 3 ms" in lines
    assert "cut: 90.00 % top-1, 1.0 k multiply-adds, 100 parameters" in lines
    integers = IntegersRecord(
        rule="mse",
        divergences={},
        layers=(),
        sensitivity=(),
        float_layers=(),
        left_in_float=("pool", "softmax"),
        divergence=0.1,
        agreement=0.9,
        val_before=0.92,
        val_after=0.91,
        val_count=1000,
        weight_bytes=2048,
        map_bytes=1024,
        seconds=1.0,
    )
    speeds = [SpeedRecord(runtime="onnxruntime", precision=name, ms=ms) for name, ms in (("float32", 2), ("int8", 1))]
    told = {"integers": asdict(integers), "speeds": [asdict(speed) for speed in speeds]}
    text = said(tmp_path, capsys, RESULT, **told)
    assert "integers: 2.0 KiB of weights, biases and steps, maps take 1.0 KiB at the peak; 1,000 validation" in text
    assert "92.00 % in float, 91.00 % in integers" in text
    assert "left in float: pool, softmax" in text
    assert "onnxruntime, one thread: float32 2 ms, int8 1 ms" in text
    assert "learned" not in text
    assert "bring no speed" not in text
