"""How many steps the moving average of the weights reaches back: 1 / (1 - decay), more than a short run can use."""

from __future__ import annotations

SHARE = 1 / 50  # of a run: what a cosine's rate was further back left the weights far from where they end


def stretched(decay: float, times: float) -> float:
    """The decay of an average over so many times as many steps.

    >>> round(stretched(0.999, 0.06), 4), stretched(0.9, 0.05), stretched(0.0, 2.0)
    (0.9833, 0.0, 0.0)

    Less than a step is no average.
    """
    return max(0.0, 1 - (1 - decay) / times) if decay and times != 1 else decay


def within(decay: float, steps: int) -> float:
    """The decay, or where it reaches back further than a fiftieth of a run of so many steps, the one that does not.

    >>> within(0.999, 100_000), round(within(0.999, 2112), 4), within(0.999, 40)
    (0.999, 0.9763, 0.0)
    """
    return max(0.0, min(decay, 1 - 1 / max(1.0, SHARE * steps)))
