"""Whether a training ended before the network had learned what it can: by its own history, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from featherbone.search.record.answer import standard_error

SHORT = 30  # epochs: what longer ones still gain at their end is the end of the schedule, which any length has
PARTS = 4  # the last quarter of the epochs is compared with the one before
LEAST = 3  # epochs: from fewer nothing can be seen


def longer(history: Sequence[Mapping[str, Any]], images: int, options: str) -> str:
    """A sentence, with a space before it, where a short training was still gaining when it ended; else nothing.

    >>> rising = [{"val_top1": 0.1 * epoch, "val_loss": 2.0 / epoch} for epoch in range(1, 9)]
    >>> longer(rising, 400, "--epochs")
    ' When it ended, after 8 epochs, validation was still rising, by 20.0 points over the last 2 epochs: a longer \
training (--epochs) would most likely help.'
    >>> longer([*rising, *rising[-1:] * 8], 400, "--epochs")
    ''

    It was gaining where the mean top-1 of the last quarter of its epochs is more than a standard error of so many
    validation ``images`` above that of the quarter before, and the loss was lowest in the last quarter: one that rises
    again says that the network learns its images by heart. ``options`` are those that make the training longer.
    """
    rows = [row for row in history if row.get("val_top1") is not None and row.get("val_loss") is not None]
    if not LEAST <= len(rows) < SHORT:
        return ""
    size = max(1, len(rows) // PARTS)
    before, last = rows[-2 * size : -size], rows[-size:]
    gained = fmean(row["val_top1"] for row in last) - fmean(row["val_top1"] for row in before)
    overfits = min(row["val_loss"] for row in last) > min(row["val_loss"] for row in rows[:-size])
    if overfits or gained <= standard_error(last[-1]["val_top1"], images):
        return ""
    over = "the last epoch" if size == 1 else f"the last {size} epochs"
    return (
        f" When it ended, after {len(rows)} epochs, validation was still rising, by {100 * gained:.1f} points over "
        f"{over}: a longer training ({options}) would most likely help."
    )
