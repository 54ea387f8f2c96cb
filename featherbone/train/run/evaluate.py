"""How good a network is on a split: top-1, top-5, loss, confusion, calibration, and the images that it reads worst."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from featherbone.data.batches import Batching, TensorFormat, batches
from featherbone.data.dataset import Dataset, Split
from featherbone.errors import FeatherboneError
from featherbone.metrics import (
    Calibration,
    CalibrationBin,
    ClassScore,
    calibration_error,
    class_scores,
    wilson_interval,
)
from featherbone.train.machine.memory import keep_freed_memory
from featherbone.train.several.distributed import ALONE, TrainingProcesses

WORST = 24


@dataclass(frozen=True, kw_only=True)
class ClassifiedImage:
    """What the network made of one image."""

    index: int  # in the split
    true: int  # class
    predicted: int
    confidence: float  # the probability of the predicted class
    loss: float  # cross entropy in nats


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What `evaluate` measured; shares are from 0 to 1.

    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> from featherbone.nn import module
    >>> digits, linear = open_dataset("digits"), module(image(1, 8).flatten().linear(10).graph("linear"), seed=0)
    >>> found = evaluate(linear, digits.splits["val"], digits)
    >>> found.count, found.confusion.shape, found.top1_interval[0] < found.top1 < found.top1_interval[1]
    (359, (10, 10), True)
    """

    count: int
    top1: float
    top5: float  # with five classes or fewer it is 1
    loss: float  # mean cross entropy in nats, without label smoothing
    brier: float  # mean over images of Σ (probability - truth)² over classes: 0 is best, 2 worst
    confusion: np.ndarray  # int64, (true class, predicted class), counts
    calibration: tuple[CalibrationBin, ...]  # of 15 bins of equal width
    worst: tuple[ClassifiedImage, ...]  # those with the highest loss, the highest first

    @property
    def top1_standard_error(self) -> float:
        """The binomial standard error of top-1: how far another sample of as many images would typically differ."""
        return math.sqrt(self.top1 * (1 - self.top1) / self.count)

    @property
    def top1_interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of top-1."""
        return wilson_interval(int(self.confusion.trace()), self.count)

    @property
    def calibration_error(self) -> float:
        """Expected calibration error: the mean distance between confidence and accuracy."""
        return calibration_error(self.calibration)

    @property
    def classes(self) -> tuple[ClassScore, ...]:
        """Recall, precision and F1 of each class."""
        return class_scores(self.confusion)


def evaluate(
    module: nn.Module,
    split: Split,
    dataset: Dataset,
    *,
    batch_size: int = 256,
    device: str = "cpu",
    worst: int = WORST,
    processes: TrainingProcesses = ALONE,
) -> Evaluation:
    """Run `module` over `split`, in evaluation mode, with the data set's mean and standard deviation.

    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> from featherbone.nn import module
    >>> digits = open_dataset("digits")
    >>> untrained = module(image(1, 8).flatten().linear(10).graph("linear"), seed=0)
    >>> found = evaluate(untrained, digits.splits["val"], digits)
    >>> found.top1 < 0.5, found.calibration_error < 1, len(found.worst)
    (True, True, 24)

    The module is on `device` and takes (N, C, H, W); its training mode is as before afterwards. One pass, in memory for
    a batch and five numbers an image; of equal losses the earlier image counts as worse. Several processes take a share
    of the images each, every image once, and all of them get the whole result.

    Raises `FeatherboneError` for a split without images.
    """
    if len(split.labels) == 0:
        raise FeatherboneError("the split has no images, so there is nothing to evaluate")
    if device == "cpu":
        keep_freed_memory()
    rows = processes.gathered(_rows(module, split, dataset, batch_size, device, processes)).numpy()
    return _evaluation(rows, np.asarray(split.labels), len(dataset.classes), worst)


def evaluate_scores(passes: Iterable[tuple[Tensor, Tensor]], classes: int, *, worst: int = WORST) -> Evaluation:
    """The evaluation of scores that something else computed: logits or log-probabilities (N, classes), and labels (N,).

    >>> sure = torch.tensor([[0.9, 0.1], [0.8, 0.2]]).log()
    >>> evaluate_scores([(sure, torch.tensor([0, 1]))], 2).top1
    0.5

    Raises `FeatherboneError` where there are no images.
    """
    rows, labels = [], []
    for scores, batch in passes:
        rows.append(_judged(scores, batch, classes))
        labels.append(batch)
    if not rows:
        raise FeatherboneError("there are no images, so there is nothing to evaluate")
    return _evaluation(torch.cat(rows).numpy(), torch.cat(labels).numpy(), classes, worst)


def _evaluation(rows: np.ndarray, labels: np.ndarray, classes: int, worst: int) -> Evaluation:
    """What the rows of all images, as `_judged` makes them, say together."""
    loss, right_in_5, predicted, confidence, brier = rows.T
    predictions = predicted.astype(np.int64)
    matrix = np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)
    calibration = Calibration()
    calibration.add(confidence, predictions == labels)
    order = np.argsort(-loss, kind="stable")[:worst]
    return Evaluation(
        count=len(rows),
        top1=float(matrix.trace()) / len(rows),
        top5=float(right_in_5.mean()),
        loss=float(loss.mean()),
        brier=float(brier.mean()),
        confusion=matrix,
        calibration=calibration.bins(),
        worst=tuple(
            ClassifiedImage(
                index=int(place),
                true=int(labels[place]),
                predicted=int(predictions[place]),
                confidence=float(confidence[place]),
                loss=float(loss[place]),
            )
            for place in order
        ),
    )


@torch.no_grad()
def _rows(
    module: nn.Module, split: Split, dataset: Dataset, batch_size: int, device: str, processes: TrainingProcesses
) -> Tensor:
    """Of every image of this process what `_judged` says."""
    was_training = module.training
    module.eval()
    found = [torch.zeros((0, 5), dtype=torch.float64)]
    passes = batches(
        split,
        Batching(batch_size=batch_size * processes.count, part=processes.part),
        TensorFormat(mean=dataset.mean, std=dataset.std),
        generator=torch.Generator(),
    )
    for images, labels in passes:
        found.append(_judged(module(images.to(device)).float().cpu(), labels, len(dataset.classes)))
    module.train(was_training)
    return torch.cat(found)


def _judged(scores: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Of each image, float64: loss, whether its class is in the top 5, predicted class, confidence and Brier score."""
    probabilities = scores.double().softmax(dim=1)
    best = scores.topk(min(5, classes), dim=1).indices
    # Σ (p - truth)² = Σ p² - 2 p(true) + 1, without a one-hot matrix
    true_probability = probabilities.gather(1, labels[:, None])[:, 0]
    columns = (
        functional.cross_entropy(scores, labels, reduction="none"),
        (best == labels[:, None]).any(dim=1),
        best[:, 0],
        probabilities.gather(1, best[:, :1])[:, 0],
        probabilities.square().sum(dim=1) - 2 * true_probability + 1,
    )
    return torch.stack([column.double() for column in columns], dim=1)
