"""What a training tells on its way: to whoever watches, to TensorBoard, and on its page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from featherbone.job.training.plan import TrainingPlan
from featherbone.job.training.tensorboard import EventFiles
from featherbone.progress import Progress, Trained
from featherbone.report import write_report
from featherbone.train import TrainingProgress as Report
from featherbone.train.run.epochs import equal_batches
from featherbone.train.several.distributed import is_first

PAGE_EVERY = 60.0  # seconds
STEPS_WITHIN = 5.0  # seconds over which steps count


class Watcher:
    """A report of the training loop; on request it writes event files, and now and then the page."""

    def __init__(self, plan: TrainingPlan, folder: Path, progress: Progress) -> None:
        self._folder, self._progress, self._throughput = folder, progress, Throughput()
        self._images = equal_batches(len(plan.dataset.splits["train"].labels), plan.recipe.batch_size)[1]
        self._events = EventFiles(folder) if plan.request.tensorboard and is_first() else None
        self._page = -PAGE_EVERY

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._events is not None:
            self._events.close()

    def __call__(self, report: Report) -> None:
        speed = 0.0
        if report.is_epoch_end:
            self._throughput.pause()
        elif not report.note:
            speed = self._throughput.step(self._images)
        self._progress(Trained(trial=None, images_per_second=speed, **vars(report)))
        if report.is_epoch_end:
            self._after_epoch(report)

    def _after_epoch(self, report: Report) -> None:
        if self._events is not None:
            self._events.add(report.metrics)
        if report.epoch < report.epochs and time.monotonic() - self._page > PAGE_EVERY:
            write_report(self._folder)
            self._page = time.monotonic()


class Throughput:
    """Images a second over the last steps.

    >>> clock = iter([0.0, 0.5, 1.0])
    >>> throughput = Throughput(now=lambda: next(clock))
    >>> throughput.step(100), throughput.step(100), throughput.step(100)
    (0.0, 200.0, 200.0)

    ``pause`` forgets them: what comes next, such as an evaluation, is no training.
    """

    def __init__(self, *, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._steps: list[tuple[float, int]] = []

    def step(self, images: int) -> float:
        """A step of so many images ended now; 0 after the first one, as nothing says when it began."""
        self._steps.append((self._now(), images))
        while self._steps[-1][0] - self._steps[0][0] > STEPS_WITHIN and len(self._steps) > 2:
            self._steps.pop(0)
        seconds = self._steps[-1][0] - self._steps[0][0]
        return sum(count for _, count in self._steps[1:]) / seconds if seconds > 0 else 0.0

    def pause(self) -> None:
        self._steps.clear()
