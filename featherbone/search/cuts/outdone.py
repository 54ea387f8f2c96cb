"""Whether designs from nothing still have a chance beside cuts of pretrained networks."""

from __future__ import annotations

from featherbone.search.cuts.cut_design import is_cut
from featherbone.search.schedule.board import Board

ENOUGH = 4  # designs from nothing that have a score
FAR = 2.0  # times the mistakes of the best cut


def outdone(board: Board) -> bool:
    """Whether the best of at least four designs from nothing makes twice the mistakes of the best cut, or more.

    >>> outdone(Board((2, 6)))
    False

    They are compared at the first rung, which all of them reach after the same epochs: what is so far behind there is
    not tried any more, and the time is the cuts'. No cut, or none with a score, outdoes nothing.
    """
    first = [entry for entry in board.scores if entry.rung == 0 and entry.score.val_top1 is not None]
    mistakes = {
        kind: [1 - (entry.score.val_top1 or 0.0) for entry in first if is_cut(board.trials[entry.trial].design) is kind]
        for kind in (True, False)
    }
    if not mistakes[True] or len(mistakes[False]) < ENOUGH:
        return False
    return min(mistakes[False]) >= FAR * min(mistakes[True]) > 0
