"""What a run saves in its folder: checkpoints, and `log.jsonl` with one line of JSON for each finished epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError
from featherbone.run_file import LOG
from featherbone.train.run.checkpoint import save_checkpoint
from featherbone.train.run.identity import Identity
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


def write_log(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Make the log hold exactly this history: no half line, no epoch twice, none lost, whatever ended the last run.

    Raises `FeatherboneError` where it cannot be written.
    """
    with write_atomically(folder / LOG) as file:
        file.writelines(json.dumps(row).encode() + b"\n" for row in history)


def append_to_log(folder: Path, row: Mapping[str, Any]) -> None:
    """Add one epoch. It is not flushed to the disk: the checkpoint holds the same, and `write_log` repairs the rest.

    Raises `FeatherboneError` where it cannot be written.
    """
    try:
        with (folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    except OSError as error:
        raise FeatherboneError(
            f"cannot write {folder / LOG}: {error.strerror or error}",
            hint="make room and run the same again; it goes on after the last checkpoint",
        ) from error
