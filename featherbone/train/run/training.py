"""What a training run tells: its progress on the way, and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """One report: after every step with `train_loss` of the step; after every epoch with its row of the history.

    >>> TrainingProgress(epoch=1, epochs=2, step=3, steps=17, metrics={"train_loss": 2.2}).is_epoch_end
    False

    `note`, where not empty, is a sentence that a person should read; nothing else happened then.
    """

    epoch: int  # 1 to epochs
    epochs: int
    step: int  # 1 to steps
    steps: int  # in an epoch
    metrics: Mapping[str, Any]
    note: str = ""

    @property
    def is_epoch_end(self) -> bool:
        return "val_top1" in self.metrics


Report = Callable[[TrainingProgress], None]


@dataclass(frozen=True, kw_only=True)
class Training:
    """Where a run stands after `train`.

    >>> rows = ({"epoch": 1, "val_top1": 0.5}, {"epoch": 2, "val_top1": 0.75})
    >>> Training(epoch=2, best_epoch=2, finished=True, history=rows, weights={}, note="").val_top1
    0.75
    """

    epoch: int  # finished epochs
    best_epoch: int  # whose weights these are: the last one, or with patience the best
    finished: bool  # the recipe's last epoch is done, or its patience is at an end
    history: tuple[Mapping[str, Any], ...]  # one an epoch: epoch, lr, train_loss, val_loss, val_top1, seconds
    weights: Mapping[str, Tensor]  # averaged, on the CPU, by the graph's names
    note: str  # "" or a sentence, as when a damaged checkpoint was left out

    @property
    def val_top1(self) -> float:
        """Of these weights."""
        return float(self.history[self.best_epoch - 1]["val_top1"])
