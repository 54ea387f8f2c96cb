"""The exponential moving average of a network's weights: what is evaluated and shipped."""

from __future__ import annotations

from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from featherbone.nn import weights_of


def decay_at(decay: float, step: int) -> float:
    """The decay at a step, counted from 0: low at first, so that a short run forgets its random beginning.

    >>> [round(decay_at(0.99, step), 3) for step in (0, 10, 100, 10_000)]
    [0.1, 0.55, 0.918, 0.99]

    min(decay, (1 + step) / (10 + step)), as TensorFlow's ExponentialMovingAverage has it.
    """
    return min(decay, (1 + step) / (10 + step))


class MovingAverage:
    """A second network that follows the first; `network` holds the averaged weights, running statistics included."""

    def __init__(self, network: nn.Module, followed: nn.Module, decay: float) -> None:
        self.network = network.eval().requires_grad_(False)
        self._averages = list(weights_of(network).values())
        self._followed = list(weights_of(followed).values())
        self._decay = decay

    def update(self, step: int) -> None:
        """Move towards the followed weights: average ← decay · average + (1 - decay) · weights."""
        get_ema_multi_avg_fn(decay_at(self._decay, step))(self._averages, self._followed, step)  # type: ignore[no-untyped-call]
