"""What a count of right and wrong answers says: intervals, scores of each class, calibration. Nothing is run here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 15  # as Guo et al. use
Z95 = 1.959963984540054  # two-sided 95 % of the normal distribution


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """One class on its own; a share without images to take it of is None."""

    images: int  # of this class
    right: int
    predicted: int  # images that were taken for this class

    @property
    def recall(self) -> float | None:
        """Of the images of this class, the share that was recognised: the accuracy within the class."""
        return self.right / self.images if self.images else None

    @property
    def precision(self) -> float | None:
        """Of the images taken for this class, the share that is."""
        return self.right / self.predicted if self.predicted else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall: 2 · right / (images + predicted)."""
        return 2 * self.right / (self.images + self.predicted) if self.images + self.predicted else None


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """The images whose confidence (the probability of the predicted class) falls into one of the equal-width bins."""

    count: int
    confidence: float  # mean; 0 in an empty bin
    accuracy: float  # the share that is right; 0 in an empty bin


def class_scores(confusion: Sequence[Sequence[int]] | np.ndarray) -> tuple[ClassScore, ...]:
    """Each class of a confusion matrix, (true, predicted) in counts.

    >>> cat, dog = class_scores([[3, 1], [0, 4]])
    >>> cat.recall, cat.precision, dog.precision, round(dog.f1, 3)
    (0.75, 1.0, 0.8, 0.889)
    """
    matrix = np.asarray(confusion, dtype=np.int64)
    columns = zip(matrix.sum(axis=1).tolist(), matrix.diagonal().tolist(), matrix.sum(axis=0).tolist(), strict=True)
    return tuple(ClassScore(images=images, right=right, predicted=predicted) for images, right, predicted in columns)


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of ``count`` images of which ``right`` are right.

    >>> low, high = wilson_interval(98, 100)
    >>> round(low, 3), round(high, 3)
    (0.93, 0.994)

    Wilson's score interval (J. Am. Stat. Assoc. 22, 1927): it stays within 0 and 1 and is honest near both ends, where
    the standard error becomes 0. Without images it is (0, 1).
    """
    if count == 0:
        return 0.0, 1.0
    share, shrink = right / count, 1 + Z95**2 / count
    centre = (share + Z95**2 / (2 * count)) / shrink
    half = Z95 / shrink * math.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    # At the ends the terms cancel exactly, but for rounding.
    return (0.0 if right == 0 else centre - half), (1.0 if right == count else centre + half)


def calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """The expected calibration error: how far confidence and accuracy are apart, over all images.

    >>> sure = CalibrationBin(count=90, confidence=0.95, accuracy=0.9)
    >>> unsure = CalibrationBin(count=10, confidence=0.6, accuracy=0.8)
    >>> round(calibration_error([sure, unsure]), 3)
    0.065

    Σ count/n · |accuracy - confidence| over equal-width bins (Guo et al., arXiv:1706.04599, section 2).
    """
    count = sum(entry.count for entry in bins)
    return sum(entry.count * abs(entry.accuracy - entry.confidence) for entry in bins) / count


class Calibration:
    """Collects confidences and outcomes in equal-width bins, in memory that does not grow with the images.

    >>> calibration = Calibration(bins=2)
    >>> calibration.add(np.array([0.5, 0.75, 1.0]), np.array([True, False, True]))
    >>> [(entry.count, entry.confidence, entry.accuracy) for entry in calibration.bins()]
    [(1, 0.5, 1.0), (2, 0.875, 0.5)]

    Bin m of M holds the confidences above (m-1)/M, up to m/M.
    """

    def __init__(self, bins: int = BINS) -> None:
        self._edges = np.arange(1, bins) / bins
        self._count, self._right = np.zeros((2, bins), dtype=np.int64)
        self._confidence = np.zeros(bins)

    def add(self, confidence: np.ndarray, right: np.ndarray) -> None:
        """Add images: their confidence, from 0 to 1, and whether the predicted class is the true one."""
        place = np.searchsorted(self._edges, confidence, side="left")
        self._count += np.bincount(place, minlength=len(self._count))
        self._right += np.bincount(place[right], minlength=len(self._count))
        self._confidence += np.bincount(place, weights=confidence, minlength=len(self._count))

    def bins(self) -> tuple[CalibrationBin, ...]:
        sums: Any = zip(self._count.tolist(), self._confidence.tolist(), self._right.tolist(), strict=True)
        return tuple(
            CalibrationBin(count=count, confidence=total / max(1, count), accuracy=right / max(1, count))
            for count, total, right in sums
        )
