"""What a training tells on its way: to whoever watches, to TensorBoard, and on its page."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

from featherbone.job.training.pace import Pace
from featherbone.job.training.plan import Plan
from featherbone.job.training.tensorboard import Board
from featherbone.progress import Progress, Trained
from featherbone.report import write_report
from featherbone.train import TrainingProgress as Report
from featherbone.train.run.epochs import equal_batches
from featherbone.train.several.distributed import is_first

PAGE_EVERY = 60.0  # seconds


class Watcher:
    """A report of the training loop; on request it writes event files, and now and then the page."""

    def __init__(self, plan: Plan, folder: Path, progress: Progress) -> None:
        self._folder, self._progress, self._pace = folder, progress, Pace()
        self._images = equal_batches(len(plan.dataset.splits["train"].labels), plan.recipe.batch_size)[1]
        self._board = Board(folder) if plan.options.tensorboard and is_first() else None
        self._page = -PAGE_EVERY

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.close()

    def __call__(self, report: Report) -> None:
        speed = 0.0
        if report.is_epoch_end:
            self._pace.pause()
        elif not report.note:
            speed = self._pace.step(self._images)
        self._progress(Trained(trial=None, images_per_second=speed, **vars(report)))
        if report.is_epoch_end:
            self._after_epoch(report)

    def _after_epoch(self, report: Report) -> None:
        if self._board is not None:
            self._board.add(report.metrics)
        if report.epoch < report.epochs and time.monotonic() - self._page > PAGE_EVERY:
            write_report(self._folder)
            self._page = time.monotonic()
