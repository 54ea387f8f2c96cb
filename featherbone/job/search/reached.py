"""Whether a folder holds what a trial has reached, before it goes on from there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.nn import stated_checksum
from featherbone.search.executors import CheckpointMissing
from featherbone.search.record.ledger import Score
from featherbone.train.run.checkpoint import NEWEST, saved_history


def require_reached(folder: Path, score: Score, who: str) -> None:
    """Raise unless the newest checkpoint in a folder is the one that got this score, or a later one of that training.

    A worker that died may have saved a later one: its history then holds the very score. A newest one that is damaged
    is left to the training, which goes on from the one before and says so.

    Raises:
        CheckpointMissing: there is none, or one of an earlier epoch or of another training.
    """
    path = folder / NEWEST
    with suppress(FeatherboneError):
        if stated_checksum(path) == score.checkpoint:
            return
    history = saved_history(folder)
    if history is None:
        found = "there is none"
    elif len(history.rows) < score.epochs:
        if history.newer_is_damaged:
            return
        found = f"that of epoch {len(history.rows)} is there"
    else:
        row = history.rows[score.epochs - 1]
        if (row["val_top1"], row["val_loss"]) == (score.val_top1, score.val_loss):
            return
        found = "one of another training is there"
    raise CheckpointMissing(
        f"{who} goes on from its checkpoint of epoch {score.epochs} ({score.checkpoint[:12]}), and in {folder} {found}",
        hint="put that run's files back, or begin anew with another --name",
    )
