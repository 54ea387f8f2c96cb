"""How a job ends on the terminal: how good, how large, how fast its network is, and where everything is; or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import typer

from featherbone.cli.output import console, print_json
from featherbone.files import damage

if TYPE_CHECKING:
    from featherbone.metrics import ClassScore
    from featherbone.run_record import ResultRecord, RunRecord, Verification

WORST = 3  # classes that are named


def print_run(folder: Path, *, never_saw: str, json: bool) -> None:
    """A finished run, for people or as its run.json holds it; ``never_saw`` says who did not see the test images.

    Ends with exit code 1 where the file that would ship failed its check; everything was said and kept then.

    Raises:
        FeatherboneError: it can't be read.
    """
    from featherbone.run_file import NAME, read_facts, read_record

    with damage(folder / NAME):
        record, facts = read_record(folder), read_facts(folder)
        assert record is not None, "the job has just written it"
        assert facts is not None
        lines = [] if json else _lines(folder, record, never_saw)
    if json:
        print_json({"run": str(folder), **facts})
    for line in lines:
        console().print(line)
    if not record.is_finished:
        raise typer.Exit(1)


def _lines(folder: Path, record: RunRecord, never_saw: str) -> list[str]:
    from featherbone.metrics import class_scores
    from featherbone.quantity import format_bytes, format_count

    result, classes = record.result, record.data.classes
    assert result is not None, "the run is finished"
    check, timing = result.verification, result.timing
    low, high = result.test_top1_interval
    shipped, tried = ("model.onnx",) * 2 if check.passed else ("unverified.onnx", "model.safetensors")
    top5 = f", {_percent(result.test_top5)} top-5" if len(classes) > 5 else ""
    return [
        "",
        f"{_percent(result.test_top1)} {record.data.score}{top5} on {result.test_count:,} test images that "
        f"{never_saw}; 95 % interval {100 * low:.2f} to {_percent(high)}",
        *_worst(classes, class_scores(result.confusion)),
        *_taught(record),
        *_compared(record),
        *_in_integers(record),
        f"{format_count(result.params)} parameters, {format_count(result.macs)} multiply-adds, "
        f"{format_bytes(result.peak_memory)} peak activations, {format_bytes(result.file_bytes)} file"
        + (f", {timing.p50_ms:.3g} ms on {_threads(timing.threads)} (ONNX Runtime)" if timing else ""),
        *_chosen_by(result),
        *_checked(check),
        "",
        f"report  {folder / 'report.html'}",
        f"model   {folder / 'model.safetensors'}",
        f"        {folder / shipped}",
        f"try     featherbone predict {quote(str(folder / tried))} IMAGE…",
    ]


def _chosen_by(result: ResultRecord) -> Iterator[str]:
    """The latency by which a network was chosen, where it is limited: measured earlier than that of the file."""
    if result.latency_ms is not None:
        yield f"{result.latency_ms:.3g} ms when it was chosen among the finalists, which is what the limit is for"


def _worst(classes: Sequence[str], scores: Sequence[ClassScore]) -> Iterator[str]:
    """The classes that are recognised least, where any is not always right."""
    tested = [(score.recall, name) for name, score in zip(classes, scores, strict=True) if score.recall is not None]
    worst = [f"{name} {100 * recall:.1f} %" for recall, name in sorted(tested)[:WORST] if recall < 1]
    if worst and len(classes) > 1:
        yield f"least recognised: {', '.join(worst)}"


def _compared(record: RunRecord) -> Iterator[str]:
    """What a pruning took, and what that cost."""
    from featherbone.quantity import format_count

    for each in record.compared:
        speed = "" if each.latency_ms is None else f", {each.latency_ms:.3g} ms"
        yield (
            f"{each.name}: {_percent(each.test_top1)} {record.data.score}, {format_count(each.macs)} multiply-adds, "
            f"{format_count(each.params)} parameters{speed}"
        )


def _in_integers(record: RunRecord) -> Iterator[str]:
    """What a quantization brought: sizes, what validation images lost, and speeds."""
    from featherbone.quantity import format_bytes
    from featherbone.report.quantized_content import slower

    integers = record.integers
    if integers is None:
        return
    yield (
        f"integers: {format_bytes(integers.weight_bytes)} of weights, biases and steps, maps take "
        f"{format_bytes(integers.map_bytes)} at the peak; {integers.val_count:,} validation images: "
        f"{_percent(integers.val_before)} in float, {_percent(integers.val_after)} in integers"
    )
    if integers.has_learned:
        yield "the integers learned from the network in float"
    if integers.left_in_float:
        yield f"left in float: {', '.join(integers.left_in_float)}"
    for runtime in dict.fromkeys(each.runtime for each in record.speeds):
        times = [f"{each.precision} {each.ms:.3g} ms" for each in record.speeds if each.runtime == runtime]
        yield f"{runtime}, one thread: {', '.join(times)}"
    if sentence := slower(record.speeds):
        yield sentence


def _taught(record: RunRecord) -> Iterator[str]:
    """What a teacher brought, or how to know."""
    gain = record.gain
    if gain is not None:
        yield (
            f"the teacher brought {100 * gain.gain:+.2f} ± {100 * gain.half:.2f} points (95 %): the same run "
            f"without it reached {_percent(gain.top1)}, {gain.run}"
        )
    elif record.teacher is not None and record.job == "train":
        yield "what the teacher brought is said where the same run without --teacher is finished beside this one"


def _checked(check: Verification) -> Iterator[str]:
    if not check.passed:
        yield f"ONNX not verified: {check.reason}"
        yield "the same command exports and checks it again; where it fails again, it is a defect worth reporting"
        return
    yield (
        f"ONNX verified on {check.images} images: top-1 agreement {100 * check.top1_agreement:.0f} %, "
        f"largest difference {check.largest_difference:.1e}"
    )


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count != 1)}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
