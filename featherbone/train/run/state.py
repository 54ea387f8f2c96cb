"""All that training changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

History = list[dict[str, Any]]


@dataclass(kw_only=True)
class State:
    """A run on its way: a checkpoint holds exactly this, and the plan what it is a run of.

    Random numbers are no part of it: they are drawn anew for each step from the seed, the epoch and the step.
    """

    network: nn.Module
    averaged: nn.Module  # the moving average: what is evaluated and shipped
    objective: nn.Module | None  # where it has parameters of its own
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler | None  # of float16
    best: dict[str, Tensor] | None = None  # averaged weights of the best epoch, where the run may stop early
    history: History = field(default_factory=list)  # a row for each finished epoch
    step: int = 0  # finished steps of the epoch that is being trained
    loss: float = 0.0  # the sum over these steps
    seconds: float = 0.0  # that these steps took

    @property
    def epoch(self) -> int:
        """Which is being trained, from 1."""
        return len(self.history) + 1

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return place(self.history, self.step)

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """All that the optimizer may move, the network's under the graph's names."""
        yield from self.network.named_parameters()
        if self.objective is not None:
            yield from ((f"objective.{name}", parameter) for name, parameter in self.objective.named_parameters())

    def finish_epoch(self, row: dict[str, Any]) -> None:
        """Keep an epoch's row, and stand before the next one's first step."""
        self.history.append(row)
        self.step, self.loss, self.seconds = 0, 0.0, 0.0


def place(history: History, step: int) -> str:
    """Where a run with so many rows of history and steps of its epoch stands.

    >>> place([{}, {}], 0), place([{}, {}], 40)
    ('after epoch 2', 'after step 40 of epoch 3')
    """
    return f"after step {step} of epoch {len(history) + 1}" if step else f"after epoch {len(history)}"
