"""How far a quantized network's answers are from those of the float one: no labels are needed."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

BATCH = 32  # images that are computed at a time

Answer = Callable[[torch.Tensor], torch.Tensor]


def answers(network: Answer, images: torch.Tensor) -> torch.Tensor:
    """The logits of all images.

    >>> answers(lambda images: images.flatten(1), torch.ones(40, 1, 1, 3)).shape
    torch.Size([40, 3])
    """
    with torch.inference_mode():
        return torch.cat([network(images[start : start + BATCH]) for start in range(0, len(images), BATCH)])


def divergence(expected: torch.Tensor, found: torch.Tensor) -> float:
    """The mean of Σ p · log(p / q) over images, in nats: p of the expected logits, q of those that were found.

    >>> divergence(torch.zeros(2, 4), torch.ones(2, 4))
    0.0
    """
    logs = [F.log_softmax(each.double(), 1) for each in (expected, found)]
    return max(0.0, float(F.kl_div(logs[1], logs[0], log_target=True, reduction="batchmean")))


def agreement(expected: torch.Tensor, found: torch.Tensor) -> float:
    """The share of images for which both say the same class.

    >>> agreement(torch.eye(2), torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    0.5
    """
    return float((expected.argmax(1) == found.argmax(1)).double().mean())
