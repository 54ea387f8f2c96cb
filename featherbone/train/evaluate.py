"""How good a network is on a split: top-1, top-5, loss and the confusion matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from featherbone.data.batches import batches
from featherbone.data.dataset import Dataset, Split
from featherbone.errors import FeatherboneError
from featherbone.train.machine import keep_freed_memory


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What `evaluate` measured; shares are from 0 to 1."""

    count: int
    top1: float
    top5: float  # with five classes or fewer it is 1
    loss: float  # mean cross entropy in nats, without label smoothing
    confusion: np.ndarray  # int64, (true class, predicted class), counts

    @property
    def top1_standard_error(self) -> float:
        """The binomial standard error of top-1: how far another sample of as many images would typically differ."""
        return math.sqrt(self.top1 * (1 - self.top1) / self.count)


@torch.no_grad()
def evaluate(
    module: nn.Module, split: Split, dataset: Dataset, *, batch_size: int = 256, device: str = "cpu"
) -> Evaluation:
    """Run `module` over `split`, in evaluation mode, with the data set's mean and standard deviation.

    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> from featherbone.nn import module
    >>> digits = open_dataset("digits")
    >>> untrained = module(image(1, 8).flatten().linear(10).graph("linear"), seed=0)
    >>> evaluate(untrained, digits.splits["val"], digits).top1 < 0.5
    True

    The module is on `device` and takes (N, C, H, W); its training mode is as before afterwards.

    Raises `FeatherboneError` for a split without images.
    """
    classes = len(dataset.classes)
    if len(split.labels) == 0:
        raise FeatherboneError("the split has no images, so there is nothing to evaluate")
    if device == "cpu":
        keep_freed_memory()
    was_training = module.training
    module.eval()
    loss, in_top5 = 0.0, 0
    confusion = torch.zeros(classes * classes, dtype=torch.int64)
    passes = batches(
        split,
        mean=dataset.mean,
        std=dataset.std,
        batch_size=batch_size,
        shuffle=False,
        generator=torch.Generator(),
        augment=None,
    )
    for images, labels in passes:
        scores = module(images.to(device)).float().cpu()
        loss += functional.cross_entropy(scores, labels, reduction="sum").item()
        best = scores.topk(min(5, classes), dim=1).indices
        in_top5 += int((best == labels[:, None]).any(dim=1).sum())
        confusion += torch.bincount(labels * classes + best[:, 0], minlength=classes * classes)
    module.train(was_training)
    matrix = confusion.reshape(classes, classes).numpy()
    count = int(matrix.sum())
    return Evaluation(
        count=count,
        top1=float(matrix.trace()) / count,
        top5=in_top5 / count,
        loss=loss / count,
        confusion=matrix,
    )
