"""A run's reports to whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featherbone.train.run.epochs import steps_of
from featherbone.train.run.plan import Plan
from featherbone.train.run.state import State
from featherbone.train.run.stopping import Stopping
from featherbone.train.run.training import Report, TrainingProgress


@dataclass(frozen=True)
class Teller:
    """Tells one `report`, or nobody; of several processes the first one does."""

    plan: Plan
    report: Report | None

    def step(self, state: State, loss: float) -> None:
        """A step is done, with this loss."""
        self._tell(state.epoch, state.step, {"train_loss": loss})

    def epoch(self, row: Mapping[str, Any]) -> None:
        """An epoch is done, with this row of the history."""
        self._tell(row["epoch"], steps_of(self.plan), row)

    def note(self, state: State, sentence: str) -> None:
        """Something that a person should read, unless it is empty."""
        if sentence:
            at_end = state.step == 0
            steps = steps_of(self.plan)
            self._tell(state.epoch - at_end, steps if at_end else state.step, {}, sentence)

    def stop(self, state: State, stopping: Stopping) -> None:
        """Say where a run stands that was asked to stop, and stop it."""
        if stopping.asked:
            self.note(state, f"stopped {state.place}, which is saved")
            stopping.obey()

    def _tell(self, epoch: int, step: int, metrics: Mapping[str, Any], note: str = "") -> None:
        if self.report is not None and self.plan.processes.first:
            epochs, steps = self.plan.recipe.epochs, steps_of(self.plan)
            self.report(
                TrainingProgress(epoch=epoch, epochs=epochs, step=step, steps=steps, metrics=metrics, note=note)
            )
