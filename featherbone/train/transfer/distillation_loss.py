"""The loss of distillation."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from featherbone.train.optimize.objective import CrossEntropy, Network
from featherbone.train.transfer.teacher import Teacher


class Distilling(nn.Module):
    """(network, images, targets, and the teacher's scores) → the loss that `Distillation` describes.

    Without these scores, or with a regressor, the teacher is asked about the images. The parameters are the regressor's
    alone: the teacher is kept out of them, so that it is neither trained nor written into checkpoints.
    """

    def __init__(
        self,
        *,
        labels: CrossEntropy,
        teacher: Teacher,
        regressor: Regressor | None,
        temperature: float,
        weight: float,
        hint_weight: float,
    ) -> None:
        super().__init__()
        self.labels, self.regressor = labels, regressor
        self.temperature, self.weight, self.hint_weight = temperature, weight, hint_weight
        self._teacher = (teacher,)  # in a tuple, which PyTorch does not search for parameters

    def forward(self, network: Network, images: Tensor, targets: Tensor, answers: Tensor | None = None) -> Tensor:
        found = network(images)
        scores, *maps = found if isinstance(found, tuple) else (found,)
        taught_maps: list[Tensor] = []
        if answers is None:
            answers, *taught_maps = self._teacher[0](images)
        own = self.labels.losses(scores, targets)
        losses = (1 - self.weight) * own + self.weight * soft_losses(scores, answers, self.temperature)
        loss = self.labels.mean(losses, targets)
        if self.regressor is not None:
            loss = loss + self.hint_weight * hint_loss(self.regressor(maps[0]), taught_maps[0])
        return loss

    def _apply(self, fn, recurse=True):  # type: ignore[no-untyped-def]
        """Moves the teacher along with the rest."""
        self._teacher[0]._apply(fn)  # type: ignore[no-untyped-call]
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]


class Regressor(nn.Module):
    """A 1×1 convolution with biases from the student's channels to the teacher's."""

    def __init__(self, channels: int, out_channels: int, generator: torch.Generator) -> None:
        super().__init__()
        drawn = torch.randn((out_channels, channels, 1, 1), generator=generator) / math.sqrt(channels)
        self.weight = nn.Parameter(drawn)
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, features: Tensor) -> Tensor:
        return functional.conv2d(features, self.weight, self.bias)


def soft_losses(scores: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student) of each image, both softened: scores (N, classes) twice → (N,).

    >>> same = torch.tensor([[1.0, 2.0]])
    >>> soft_losses(same, same + 5, 4.0).abs().max() < 1e-5
    tensor(True)
    """
    student = (scores.float() / temperature).log_softmax(dim=1)
    teacher = (taught.float() / temperature).log_softmax(dim=1)
    return temperature**2 * functional.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)


def hint_loss(features: Tensor, taught: Tensor) -> Tensor:
    """½ · the mean squared distance of two feature maps, the larger one pooled to the size of the smaller."""
    side = min(features.shape[-1], taught.shape[-1])
    own, other = (functional.adaptive_avg_pool2d(maps.float(), side) for maps in (features, taught))
    return functional.mse_loss(own, other) / 2
