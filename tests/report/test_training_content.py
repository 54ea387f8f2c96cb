"""What the page of a training, a pruning and a quantization says of its network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from featherbone.cost import count, peak_memory
from featherbone.cut_record import PrunedRecord
from featherbone.graph import from_json
from featherbone.quantity import format_bytes, format_count
from featherbone.quantized_record import QuantizedRecord
from featherbone.report.run import Run, read_run
from featherbone.report.training_content import training_content
from featherbone.run_record import Verification

MakeTraining = Callable[..., Path]
QUANTIZED = QuantizedRecord(
    source="a", name="resnet", sha256="0", weights=8, maps="int8", images=9, max_drop=0.01, float_layers=0
)


def changed(run: Run, **changes: Any) -> Run:
    return replace(run, record=replace(run.record, **changes))


@pytest.mark.parametrize(
    ("job", "badge", "name"),
    [("train", "trained", "design"), ("prune", "pruned", "vgg, cut"), ("quantize", "quantized", "resnet in integers")],
)
def test_the_badge_names_what_was_done_and_to_what(
    make_training: MakeTraining, job: str, badge: str, name: str
) -> None:
    run = changed(read_run(make_training(epochs=12, finished=True)), job=job, **began(job))
    assert run.result is not None
    verdict = training_content(run)["verdict"]
    assert (verdict.tone, verdict.badge) == ("good", badge)
    assert verdict.sentence.startswith(f"{name}, with {format_count(run.result.params)} parameters and ")
    wrong = Verification(passed=False, images=9, top1_agreement=0.5, largest_difference=1.0)
    failed = training_content(changed(run, result=replace(run.result, verification=wrong)))["verdict"]
    assert (failed.tone, failed.badge) == ("bad", "not verified")


@pytest.mark.parametrize(
    ("job", "sentence", "curves"),
    [
        ("train", "No epoch is finished yet.", True),
        ("prune", "vgg, cut is being cut.", False),
        ("quantize", "integers for resnet are being chosen.", False),
    ],
)
def test_a_job_that_has_just_begun_says_what_it_does(
    make_training: MakeTraining, job: str, sentence: str, curves: bool
) -> None:
    content = training_content(changed(read_run(make_training(epochs=0)), job=job, **began(job)))
    assert content["verdict"].sentence == sentence
    assert (content["verdict"].tone, content["verdict"].badge) == ("open", "running")
    assert ("learning curves" in content["missing"]) is curves
    assert content["missing"][-1] == "latency"
    assert content["last"] is content["best"] is None


def began(job: str) -> dict[str, Any]:
    if job == "prune":
        return {"pruned": PrunedRecord(source="a", name="vgg", sha256="0", images=9, rounds=1)}
    return {"quantized": QUANTIZED} if job == "quantize" else {}


def test_costs_are_of_the_graph_and_at_the_end_of_the_file(make_training: MakeTraining) -> None:
    run = read_run(make_training(epochs=12, finished=True))
    assert run.result is not None
    graph = from_json(run.graph)
    memory = peak_memory(graph).bytes
    costs = [
        ("multiply-adds", format_count(int(count(graph).macs))),
        ("parameters", format_count(int(count(graph).params))),
        ("peak memory", format_bytes(memory)),
    ]
    assert training_content(changed(run, result=None))["costs"] == costs
    less = replace(run.result, peak_memory=512)
    assert training_content(changed(run, result=less))["costs"] == [
        *costs[:2],
        ("peak memory", "512 B"),
        ("model file", "40.0 KiB"),
    ]
    assert training_content(replace(run, graph=""))["costs"] == []


def test_the_best_epoch_is_shipped_where_patience_stops(make_training: MakeTraining) -> None:
    run = read_run(make_training(epochs=3))
    falling = tuple({**row, "val_top1": 1 / row["epoch"], "seconds": row["epoch"]} for row in run.history)
    content = training_content(replace(run, history=falling))
    assert (content["best"]["epoch"], content["last"]["epoch"], content["seconds"]) == (1, 3, 6)
    assert (content["epochs"], content["shipped"]) == (12, "the last epoch")
    patient = changed(run, recipe={**run.record.recipe, "patience": 5})
    assert training_content(patient)["shipped"] == "the best epoch"
