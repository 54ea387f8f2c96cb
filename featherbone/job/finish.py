"""What becomes of a trained network: model files, the check of one against the other, latency, and the test split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from featherbone.data import Dataset, Split
from featherbone.errors import FeatherboneError
from featherbone.nn import Model, save_model
from featherbone.progress import Noticed, Progress, Step
from featherbone.report.sheet import MISTAKES, write_sheet
from featherbone.run_record import AnswerRecord, BinRecord, EvaluationRecord, ResultRecord, Timing, Verification
from featherbone.search.costs.budget import Budget, Costs, costs_of
from featherbone.search.costs.latency_limit import LatencyLimit
from featherbone.ship.onnx_export import export_onnx
from featherbone.ship.timing import time_onnx
from featherbone.ship.verify import failed, verify_onnx
from featherbone.train import Evaluation, evaluate

VERIFIED = 256  # test images on which PyTorch and ONNX Runtime must agree
SHIPPED, UNVERIFIED = "model.onnx", "unverified.onnx"  # a file takes the first name when it computes what was trained


def finish(
    model: Model,
    dataset: Dataset,
    budget: Budget | None,
    folder: Path,
    progress: Progress,
    *,
    latency: float | None = None,
) -> ResultRecord:
    """Write a model in both formats, check one against the other, time it and test it: what was found.

    ``latency`` are the milliseconds by which the network was chosen, where they are limited. Where the ONNX file does
    not compute what was trained, the result says so and the file keeps another name.

    Raises:
        FeatherboneError: a file exceeds the budget.
    """
    test = dataset.splits["test"]
    weights_file = folder / "model.safetensors"
    progress(Step(name="export"))
    save_model(weights_file, model)
    verification, timing = _shipped(model, test, budget.latency if budget else None, folder, progress, latency)
    progress(Step(name="test"))
    tested = evaluate(model.module(), test, dataset)
    write_sheet(folder / MISTAKES, test.images[[answer.index for answer in tested.worst]])
    costs = replace(costs_of(model.graph), size=weights_file.stat().st_size, latency=latency)
    breaches = budget.breaches(costs) if budget else ()
    if breaches:
        raise FeatherboneError(f"the model that was written exceeds {', '.join(breaches)}: {costs}")
    return result_of(
        tested,
        test,
        costs,
        verification=verification,
        timing=timing,
    )


def result_of(
    tested: Evaluation, test: Split, costs: Costs, *, verification: Verification, timing: Timing | None
) -> ResultRecord:
    """What a finished run says of its network; the size among its costs is that of the file that was written."""
    return ResultRecord(
        **vars(evaluation_record(tested, test.paths)),
        params=costs.params,
        macs=costs.macs,
        peak_memory=costs.peak_memory,
        file_bytes=costs.size,
        latency_ms=costs.latency,
        verification=verification,
        timing=timing,
    )


def evaluation_record(tested: Evaluation, paths: Sequence[str]) -> EvaluationRecord:
    """What is kept of an evaluation; ``paths`` are those of its images."""
    return EvaluationRecord(
        test_top1=tested.top1,
        test_top1_standard_error=tested.top1_standard_error,
        test_top1_interval=tested.top1_interval,
        test_top5=tested.top5,
        test_loss=tested.loss,
        test_brier=tested.brier,
        test_calibration_error=tested.calibration_error,
        test_count=tested.count,
        confusion=tuple(map(tuple, tested.confusion.tolist())),
        calibration=tuple(BinRecord(**asdict(each)) for each in tested.calibration),
        worst=tuple(AnswerRecord(**asdict(each), path=paths[each.index]) for each in tested.worst),
    )


def _shipped(
    model: Model, test: Split, limit: LatencyLimit | None, folder: Path, progress: Progress, latency: float | None
) -> tuple[Verification, Timing | None]:
    """Export the model; how the file compares with it, and how fast it is, where it runs."""
    file = folder / UNVERIFIED
    export_onnx(model, file)
    progress(Step(name="verify"))
    try:
        found = verify_onnx(model, file, test.images[:VERIFIED])
    except FeatherboneError as error:  # it does not run, or writes other shapes
        found = failed(error)
    if found.passed:
        file = file.replace(folder / SHIPPED)
    else:
        progress(Noticed(sentence=f"{found.reason}; {file} keeps its name, and the report says so"))
    if found.largest_difference is None:
        return found, None
    progress(Step(name="time"))
    timing = time_onnx(file, threads=limit.threads if limit else 1)
    if limit is not None and timing.p50_ms > limit.ms:
        progress(
            Noticed(
                sentence=f"the file takes {timing.p50_ms:.3g} ms now, more than the {limit.ms:g} ms that it is limited "
                f"to and the {latency:.3g} ms that it took when it was chosen: the machine is busier now"
            )
        )
    return found, timing
