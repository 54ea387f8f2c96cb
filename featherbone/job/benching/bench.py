"""A bench carried out: every file is written, verified, judged and timed; what fails is a row with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from featherbone.bench_record import EAGER, FLOAT32, BenchRow, with_slower_said
from featherbone.errors import FeatherboneError
from featherbone.job.benching.request import BenchRequest
from featherbone.job.evaluating.evaluate import evaluation_of
from featherbone.job.evaluating.photos import LabelledImages, labelled_images
from featherbone.job.exporting.integers import integers_of
from featherbone.job.exporting.plan import MADE_UP, VERIFIED
from featherbone.job.model_in import require_model_file
from featherbone.measure import Latency, prepared
from featherbone.measure.latency import measure_together
from featherbone.measure.runtimes.workload import Workload
from featherbone.progress import Progress, Reading, Step, silent
from featherbone.quantize import QuantizedModel, load_model
from featherbone.scratch import scratch
from featherbone.ship.export import write_export
from featherbone.ship.exported import ExportedNetwork
from featherbone.ship.predict import Classifier, classifier_of, load_predictor
from featherbone.ship.reference import logits_of
from featherbone.ship.script import made_up_images
from featherbone.ship.target import IMAGE, INT8, TENSOR, ExportForm, Shipped, Target
from featherbone.ship.targets import TARGETS, find_target
from featherbone.ship.timed import workload

ANY_DROP = 100.0  # points: the table says what is lost


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A file that is ready: its row before it is timed, and what a measuring process is asked for so many threads."""

    row: BenchRow
    jobs: Mapping[int, Workload]


def run_bench(request: BenchRequest, progress: Progress = silent) -> tuple[BenchRow, ...]:
    """Every row of the table.

        run_bench(BenchRequest(models=("model.safetensors",), source="photos"))

    All files of all networks are timed in turns with each other, each in a fresh process.

    Raises:
        FeatherboneError: an unknown target; no such model; images that make no data set or show other classes.
    """
    targets = [find_target(name) for name in request.to or TARGETS]
    for path in request.models:
        require_model_file(path)
    rows: list[BenchRow] = []
    ready: list[Contestant] = []
    with ExitStack() as stack:
        for path in request.models:
            folder = stack.enter_context(scratch())
            for each in _contestants(request, path, targets, folder, stack, progress):
                if isinstance(each, Contestant):
                    ready.append(each)
                else:
                    rows.append(each)
        timed = [row for threads in request.threads for row in _timed(ready, threads, request.seconds, progress)]
    return with_slower_said([*timed, *rows])


def _timed(ready: Sequence[Contestant], threads: int, seconds: float, progress: Progress) -> Iterator[BenchRow]:
    progress(Step(name="time", detail=f"{len(ready)} files in turns on {threads} thread{'s' * (threads != 1)}"))
    jobs = [(each.row.title, each.jobs[threads]) for each in ready]
    packages = sorted({"numpy", *(job.runtime for _, job in jobs)} & {"numpy", "torch"})
    for each, found in zip(
        ready, measure_together(jobs, threads=threads, seconds=seconds, packages=packages), strict=True
    ):
        yield _with_times(replace(each.row, threads=threads), found)


def _with_times(row: BenchRow, found: Latency | FeatherboneError) -> BenchRow:
    if isinstance(found, FeatherboneError):
        return replace(row, reason=found.sentence)
    times = found.times
    return replace(
        row,
        p50_ms=times.p50_ms,
        p90_ms=times.p90_ms,
        low_ms=times.low_ms,
        high_ms=times.high_ms,
        memory=found.added_memory,
        noise=found.noise,
    )


def _contestants(
    request: BenchRequest, path: str, targets: Sequence[Target], folder: Path, stack: ExitStack, progress: Progress
) -> Iterator[Contestant | BenchRow]:
    """The files of one network, and a row for each that there is none of."""
    model = load_model(path)
    photos = _photos(request, model, path, progress)
    images = made_up_images(model.preprocessing, MADE_UP) if photos is None else _first(photos)
    if not isinstance(model, QuantizedModel):
        progress(Step(name="evaluate", detail=f"{path}, in PyTorch"))
        (subject,) = stack.enter_context(prepared([model], ["torch"]))
        row = BenchRow(model=path, target=EAGER, precision=FLOAT32, threads=1, size=Path(path).stat().st_size)
        jobs = {count: subject.job(runtime="torch", threads=count, batch=1) for count in request.threads}
        yield Contestant(row=_judged(row, load_predictor(path), photos), jobs=jobs)
    integers: Shipped | FeatherboneError = _integers(request, model, path, progress)
    for target in targets:
        for precision in (INT8,) if isinstance(model, QuantizedModel) else request.precisions:
            row = BenchRow(model=path, target=target.name, precision=precision, threads=request.threads[0])
            place = folder / f"{target.name}-{precision}"
            given = request.input or (IMAGE if IMAGE in target.inputs else TENSOR)
            form = ExportForm(precision=precision, input=given)
            progress(Step(name="ship", detail=f"{target.name}, {precision}"))
            try:
                target.require_installed()
                target.require_holds(model, form)
                if precision == INT8 and isinstance(integers, FeatherboneError):
                    raise integers
                network = integers if precision == INT8 and not isinstance(integers, FeatherboneError) else model
                place.mkdir()
                exported = write_export(target, form, network, place, images, "")
                yield from _ready(request, row, exported, model, images, photos)
            except FeatherboneError as error:
                hint = f"; {error.hint}" if error.hint.startswith("pip install") else ""
                yield replace(row, reason=f"{error.sentence}{hint}")


def _ready(
    request: BenchRequest,
    row: BenchRow,
    exported: ExportedNetwork,
    model: Shipped,
    images: np.ndarray,
    photos: LabelledImages | None,
) -> Iterator[Contestant | BenchRow]:
    """An export as it was written, and in each other way in which its runtime may compute it."""
    check, target = exported.record.verification, exported.target
    row = replace(row, size=exported.size)
    if check is None:
        yield replace(row, reason=f"{target.words} can't be run here")
        return
    row = replace(
        row,
        largest_difference=check.largest_difference,
        allowed=check.allowed,
        top1_agreement=check.top1_agreement,
    )
    written = _judged(row, classifier_of(exported.record, exported.open()), photos)
    yield Contestant(row=written, jobs={count: workload(exported, count) for count in request.threads})
    for variant in target.variants if row.precision == FLOAT32 else ():
        classifier = classifier_of(exported.record, exported.open(1, variant))
        agreed = _agreement(classifier, model, images)
        other = replace(
            row,
            precision=variant,
            largest_difference=None,
            allowed=None,
            top1_agreement=agreed,
            notes=(f"the file of float32, computed in {variant}, as {target.name} does where the processor can",),
        )
        yield Contestant(
            row=_judged(other, classifier, photos),
            jobs={count: workload(exported, count, variant) for count in request.threads},
        )


def _agreement(classifier: Classifier, model: Shipped, images: np.ndarray) -> float:
    """The share of images that get the network's class."""
    expected = logits_of(model.module(), model.preprocessing, images).argmax(1)
    return float((classifier.log_probabilities(images).argmax(1) == expected).mean())


def _judged(row: BenchRow, classifier: Classifier, photos: LabelledImages | None) -> BenchRow:
    """The row with its accuracy, where there are images."""
    if photos is None:
        return row
    found = evaluation_of(classifier, photos, row.model, skip_bad=False).record
    return replace(row, top1=found.test_top1, top1_interval=found.test_top1_interval)


def _photos(request: BenchRequest, model: Shipped, path: str, progress: Progress) -> LabelledImages | None:
    if request.source is None:
        return None

    def steps_alone(event: object) -> None:
        if not isinstance(event, Reading):  # each file reads the images once more
            progress(event)  # type: ignore[arg-type]

    return labelled_images(
        request.source,
        model.preprocessing,
        model.classes,
        path,
        split=request.split,
        seed=request.seed,
        progress=steps_alone,
    )


def _first(photos: LabelledImages) -> np.ndarray:
    """The first images, as many as files are verified on."""
    kept: list[np.ndarray] = []
    for batch in photos.batches():
        kept.append(batch.images)
        if sum(map(len, kept)) >= VERIFIED:
            break
    return np.concatenate(kept)[:VERIFIED]


def _integers(request: BenchRequest, model: Shipped, path: str, progress: Progress) -> Shipped | FeatherboneError:
    """The network in integers, or why there is none."""
    if isinstance(model, QuantizedModel):
        return model
    if INT8 not in request.precisions:
        return FeatherboneError("int8 was not asked for")
    if request.source is None:
        return FeatherboneError("int8 of a network in float is chosen by images, and none are given")
    try:
        return integers_of(
            path,
            request.source,
            images=request.images,
            max_drop=ANY_DROP,
            seed=request.seed,
            skip_bad=False,
            progress=progress,
        )
    except FeatherboneError as error:
        return error
