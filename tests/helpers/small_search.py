"""A search of four designs as values, whose figures a reader can work out by head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from featherbone.report.run import History, Run
from featherbone.run_record import DataRecord, ResultRecord, RunRecord, Timing, Verification
from featherbone.search.record.rows import Score, Setup, Trial
from featherbone.search.record.search_record import SearchRecord

IMAGES = 400  # validation images, of which 0.8 has a standard error of 0.02

RESULT = ResultRecord(
    test_top1=0.75,
    test_top1_standard_error=0.02,
    test_top1_interval=(0.7, 0.8),
    test_top5=0.99,
    test_loss=0.5,
    test_brier=0.1,
    test_calibration_error=0.03,
    test_count=500,
    params=90,
    macs=1900,
    peak_memory=3000,
    file_bytes=2048,
    verification=Verification(passed=True, images=9, top1_agreement=1.0, largest_difference=0.0),
    timing=Timing(p50_ms=1.0, p90_ms=2.0, runs=10, threads=1),
    confusion=((4, 1), (0, 5)),
    trial=2,
)


def _trial(number: int, macs: int, tops: tuple[float, ...], **changes: Any) -> tuple[Trial, dict[int, Score]]:
    scores = {
        rung: Score(epochs=2 * 2**rung, val_top1=top1, val_loss=1 - top1, seconds=10.0 * 2**rung)
        for rung, top1 in enumerate(tops)
    }
    last = scores[len(tops) - 1] if tops else None
    trial = Trial(
        id=number,
        design=f"r8 | stem w{4 * number}",
        origin="random",
        params=macs // 20,
        macs=macs,
        peak_memory=1024 * number,
        size=4 * macs,
        int8_size=macs,
        state="stopped",
        rung=len(tops) - 1,
        epochs=last.epochs if last else 0,
        val_top1=last.val_top1 if last else None,
        val_loss=last.val_loss if last else None,
        seconds=last.seconds if last else 0.0,
    )
    return replace(trial, **changes), scores


TRIED = (
    _trial(1, 1000, (0.5,)),
    _trial(2, 2000, (0.7, 0.8)),  # it leads
    _trial(3, 1500, (0.6, 0.79)),  # as good as it, for 400 images
    _trial(4, 3000, (), state="waiting"),
)


def small_search(
    *, result: ResultRecord | None = None, budget: dict[str, Any] | None = None, going: bool = True, **changes: Any
) -> Run:
    """The run of them; two logs of an epoch or two are there. ``changes`` are of its `SearchRecord`."""
    data = DataRecord(classes=("cat", "dog"), channels=1, resolution=8, counts={"train": 800, "val": IMAGES})
    record = RunRecord(job="fit", result=result, data=data, budget=budget)
    histories: dict[int, History] = {
        1: ({"epoch": 1, "val_top1": 0.5, "train_loss": 2.0, "val_loss": 2.5},),
        2: (
            {"epoch": 1, "val_top1": 0.7, "train_loss": 1.5, "val_loss": 1.75},
            {"epoch": 2, "val_top1": 0.8, "train_loss": 1.0, "val_loss": 1.25},
        ),
        3: (),
    }
    search = SearchRecord(
        run=record,
        setup=Setup(rungs=(2, 4), limits={"trials": 10, "seconds": 100.0}, workers=2),
        budget=record.limits,
        trials=tuple(trial for trial, _ in TRIED),
        scores={trial.id: scores for trial, scores in TRIED if scores},
    )
    return Run(folder=Path("none"), record=record, search=replace(search, **changes), histories=histories, going=going)
