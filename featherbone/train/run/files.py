"""What a run leaves in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.train.run.checkpoint import save_checkpoint
from featherbone.train.run.identity import Identity
from featherbone.train.run.log import append_to_log, write_log
from featherbone.train.run.plan import Plan
from featherbone.train.run.state import History, State


@dataclass(frozen=True)
class Keeper:
    """Writes checkpoints and the log; of several processes the first one does, as all hold the same."""

    folder: Path
    identity: Identity
    plan: Plan

    def begin(self, history: History) -> None:
        """Make the log hold exactly the checkpoint's epochs."""
        if self.plan.processes.first:
            write_log(self.folder, history)

    def save(self, state: State) -> None:
        """Raises `FeatherboneError` where it cannot be written; the last checkpoint is then intact."""
        if self.plan.processes.first:
            save_checkpoint(self.folder, self.identity, self.plan.setting, state)

    def epoch(self, state: State, row: Mapping[str, Any]) -> None:
        """Save after an epoch, and add its row to the log."""
        self.save(state)
        if self.plan.processes.first:
            append_to_log(self.folder, row)
