"""Which trial of a search leads: the one order by which every reader ranks them.

First comes what may win: not a design that failed, nor one without a score, nor one that was measured above the limit
on latency. Of these a later rung wins over an earlier one, then the higher top-1, the lower loss, the fewer
multiply-adds, the earlier trial. A trial stands where it stood last: one whose last top-1 is not a number has no score,
whatever it had before.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from featherbone.search.record.rows import Trial

# The same order for a ledger with so many trials that only the first is read; :limit is in milliseconds, or NULL.
LEADER = """
SELECT * FROM trial
WHERE val_top1 IS NOT NULL AND state != 'failed'
    AND NOT (:limit IS NOT NULL AND latency_by IS 'measured' AND latency_ms > :limit)
ORDER BY rung DESC, val_top1 DESC, val_loss IS NULL, val_loss, macs, id LIMIT 1
"""


class Rank(NamedTuple):
    """Where a trial stands; the least is the best.

    >>> Rank.of(trial=2, macs=90, rung=1, top1=0.5, loss=0.7) < Rank.of(trial=1, macs=80, rung=1, top1=0.5, loss=0.8)
    True
    """

    out: bool  # it can't win
    rung: int  # negative, as is top1
    top1: float
    loss: float  # infinite where there is none
    macs: float
    trial: int

    @staticmethod
    def of(*, trial: int, macs: float, rung: int, top1: float | None, loss: float | None, out: bool = False) -> Rank:
        """The rank of a trial by its last score."""
        return Rank(
            out=out or top1 is None,
            rung=-rung,
            top1=0.0 if top1 is None else -top1,
            loss=math.inf if loss is None else loss,
            macs=macs,
            trial=trial,
        )

    @property
    def leads(self) -> bool:
        """Whether it may lead, where no other ranks before it."""
        return not self.out


def rank_of(trial: Trial, limit: float | None = None) -> Rank:
    """The rank of a trial by its last score; ``limit`` is that on latency in milliseconds, if any."""
    slow = (
        limit is not None
        and trial.latency_by == "measured"
        and trial.latency_ms is not None
        and trial.latency_ms > limit
    )
    return Rank.of(
        trial=trial.id,
        macs=trial.macs,
        rung=trial.rung,
        top1=trial.val_top1,
        loss=trial.val_loss,
        out=trial.state == "failed" or slow,
    )
