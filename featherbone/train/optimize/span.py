"""How many steps the moving average of the weights reaches back: 1 / (1 - decay), more than a short run can use."""

from __future__ import annotations

# Of a run. Longer lags behind at the end of a cosine; shorter ranks networks worse on the way, where the rate is high:
# ResNet-8 on CIFAR-10 for 3 epochs has 60.6, 60.4, 59.7 and 57.7 % after the first with 1/25, 1/35, 1/50 and 1/100, and
# 72.0 % after the last with any of them, where 1/9 has 71.8 %.
SHARE = 1 / 30


def stretched(decay: float, times: float) -> float:
    """The decay of an average over so many times as many steps.

    >>> round(stretched(0.999, 0.06), 4), stretched(0.9, 0.05), stretched(0.0, 2.0)
    (0.9833, 0.0, 0.0)

    Less than a step is no average.
    """
    return max(0.0, 1 - (1 - decay) / times) if decay and times != 1 else decay


def within(decay: float, steps: int) -> float:
    """The decay, or where it reaches back further than a thirtieth of a run of so many steps, the one that does not.

    >>> within(0.999, 100_000), round(within(0.999, 2112), 4), within(0.999, 40)
    (0.999, 0.9858, 0.25)
    """
    return max(0.0, min(decay, 1 - 1 / max(1.0, SHARE * steps)))
