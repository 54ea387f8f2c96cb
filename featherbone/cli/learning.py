"""What a training shows while it works: a bar within an epoch, and a line for each finished one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from featherbone.quantity import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featherbone.progress import Trained


def epoch_line(event: Trained, seconds_left: float) -> str:
    """A finished epoch.

    >>> from featherbone.progress import Trained
    >>> row = {"epoch": 3, "train_loss": 1.5, "val_loss": 1.25, "val_top1": 0.5, "lr": 0.1, "seconds": 2.0}
    >>> epoch_line(Trained(trial=None, epoch=3, epochs=30, step=9, steps=9, metrics=row), 54.0)
    'epoch  3/30  loss 1.500  validation 1.250, 50.00 %  lr 0.1000  54 s left'
    >>> epoch_line(Trained(trial=None, epoch=3, epochs=3, step=9, steps=9, metrics=row), 0.0)  # the last
    'epoch 3/3  loss 1.500  validation 1.250, 50.00 %  lr 0.1000'
    """
    row, width = event.metrics, len(str(event.epochs))
    return (
        f"epoch {event.epoch:>{width}}/{event.epochs}  loss {row['train_loss']:.3f}  "
        f"validation {row['val_loss']:.3f}, {100 * row['val_top1']:.2f} %{_rate(row)}"
        + (f"  {format_duration(seconds_left)} left" if event.epoch < event.epochs else "")
    )


def step_note(event: Trained, seconds_left: float | None) -> str:
    """What stands beside the bar after a step."""
    parts = [f"loss {event.metrics['train_loss']:.3f}{_rate(event.metrics)}"]
    if event.images_per_second:
        parts.append(f"{event.images_per_second:,.0f} images/s")
    if seconds_left is not None:
        parts.append(f"{format_duration(seconds_left)} left")
    return "  ".join(parts)


def _rate(metrics: Mapping[str, Any]) -> str:
    return f"  lr {metrics['lr']:.4f}" if "lr" in metrics else ""


class Remaining:
    """How long a training will go on, by how long it took for what is done since it was watched.

    >>> from featherbone.progress import Trained
    >>> clock = iter([0.0, 10.0])
    >>> remaining = Remaining(now=lambda: next(clock))
    >>> [remaining.after(Trained(trial=None, epoch=2, epochs=4, step=step, steps=4, metrics={})) for step in (1, 2)]
    [None, 100.0]
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._first: tuple[float, float] | None = None  # when the first step that was seen ended, and how far that was

    def after(self, event: Trained) -> float | None:
        """Seconds; None while nothing is known."""
        moment, done = self._now(), event.epoch - 1 + event.step / event.steps
        if self._first is None:
            self._first = moment, done
        began, before = self._first
        return (moment - began) / (done - before) * (event.epochs - done) if done > before else None
