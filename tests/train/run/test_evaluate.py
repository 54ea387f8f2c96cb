"""Metrics against small cases by hand, and the laws that hold for any network and any set of images."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from train_cases import dataset

from featherbone.data import Split
from featherbone.metrics import (
    Calibration,
    CalibrationBin,
    calibration_error,
    class_scores,
    wilson_interval,
)
from featherbone.train import Evaluation, evaluate

CLASSES = tuple("abcde")
CASE = dataset(classes=CLASSES, mean=(0.0,), std=(1 / 255,))  # the network reads the pixels as they are


class Pixels(nn.Module):
    """The score of class c is the value of pixel c, divided by `scale`."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)[:, : len(CLASSES)] / self.scale


def split(pixels: np.ndarray, labels: np.ndarray) -> Split:
    """Images of five pixels in a column."""
    images = pixels.astype(np.uint8).reshape(len(pixels), len(CLASSES), 1, 1)
    return Split(images=images, labels=labels.astype(np.int64), paths=tuple(map(str, range(len(labels)))))


def random_split(count: int, seed: int) -> Split:
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(CLASSES), count)
    pixels = random.integers(0, 200, (count, len(CLASSES)))
    pixels[np.arange(count), labels] += 40
    return split(pixels, labels)


def numbers(found: Evaluation) -> list[float]:
    """All that does not depend on the order of the images."""
    bins = [value for entry in found.calibration for value in (entry.count, entry.confidence, entry.accuracy)]
    losses = [answer.loss for answer in found.worst]
    plain = [found.top1, found.top5, found.loss, found.brier, found.calibration_error]
    return [*plain, *found.confusion.flatten().tolist(), *bins, *losses]


def test_four_images_by_hand() -> None:
    pixels, labels = np.zeros((4, 5)), np.array([0, 1, 1, 2])
    for row, (place, value) in enumerate([(0, 2), (1, 4), (2, 1), (3, 6)]):
        pixels[row, place] = value
    found = evaluate(Pixels(1.0), split(pixels, labels), CASE, batch_size=3, worst=3)
    sure = [math.exp(value) / (math.exp(value) + 4) for value in (2, 4, 1, 6)]
    rest = [1 / (math.exp(value) + 4) for value in (2, 4, 1, 6)]
    brier = [(1 - sure[0]) ** 2 + 4 * rest[0] ** 2, (1 - sure[1]) ** 2 + 4 * rest[1] ** 2]
    brier += [sure[row] ** 2 + (1 - rest[row]) ** 2 + 3 * rest[row] ** 2 for row in (2, 3)]
    assert found.brier == pytest.approx(sum(brier) / 4)
    # Confidences 0.65, 0.93, 0.40, 0.99 lie in bins 10, 14, 7 and 15, each on its own.
    assert [place + 1 for place, entry in enumerate(found.calibration) if entry.count] == [7, 10, 14, 15]
    expected = [1 - sure[0], 1 - sure[1], sure[2], sure[3]]
    assert found.calibration_error == pytest.approx(sum(expected) / 4)
    assert [(answer.index, answer.true, answer.predicted) for answer in found.worst] == [
        (3, 2, 3),
        (2, 1, 2),
        (0, 0, 0),
    ]
    assert [answer.confidence for answer in found.worst] == pytest.approx([sure[3], sure[2], sure[0]])
    assert [answer.loss for answer in found.worst] == pytest.approx(
        [-math.log(rest[3]), -math.log(rest[2]), -math.log(sure[0])], rel=1e-5
    )
    assert [score.recall for score in found.classes] == [1.0, 0.5, 0.0, None, None]
    assert [score.precision for score in found.classes] == [1.0, 1.0, 0.0, 0.0, None]
    assert found.classes[1].f1 == pytest.approx(2 / 3)
    assert (found.classes[3].f1, found.classes[4].f1) == (0.0, None)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 1000])
def test_batches_do_not_change_the_results(batch_size: int) -> None:
    images = random_split(200, seed=1)
    whole = evaluate(Pixels(30.0), images, CASE, batch_size=200)
    cut = evaluate(Pixels(30.0), images, CASE, batch_size=batch_size)
    assert numbers(cut) == pytest.approx(numbers(whole), abs=1e-6)
    assert [answer.index for answer in cut.worst] == [answer.index for answer in whole.worst]


def test_the_order_of_the_images_does_not_matter() -> None:
    images = random_split(200, seed=2)
    order = np.random.default_rng(0).permutation(200)
    shuffled = Split(images=images.images[order], labels=images.labels[order], paths=images.paths)
    one, other = evaluate(Pixels(30.0), images, CASE), evaluate(Pixels(30.0), shuffled, CASE)
    assert numbers(one) == pytest.approx(numbers(other), abs=1e-6)
    # Different images may have the very same loss; then either may come first.
    places = {order[answer.index] for answer in other.worst[:-4]}
    assert places <= {answer.index for answer in one.worst}


def test_the_worst_are_those_of_the_whole_sorted_by_loss() -> None:
    images = random_split(300, seed=3)
    everything = evaluate(Pixels(30.0), images, CASE, batch_size=32, worst=300).worst
    losses = np.array([answer.loss for answer in sorted(everything, key=lambda answer: answer.index)])
    scores = torch.from_numpy(images.images.reshape(300, -1).astype(np.float32) / 30)
    expected = nn.functional.cross_entropy(scores, torch.from_numpy(images.labels), reduction="none").numpy()
    assert losses == pytest.approx(expected, abs=1e-5)
    assert [answer.index for answer in everything] == np.argsort(-losses, kind="stable").tolist()
    assert evaluate(Pixels(30.0), images, CASE, batch_size=7, worst=24).worst == everything[:24]
    assert evaluate(Pixels(30.0), images, CASE, worst=0).worst == ()


def test_perfect_calibration_has_no_error_and_too_much_confidence_has() -> None:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.2, 1, 400_000)
    honest, proud = Calibration(), Calibration()
    for part in np.array_split(confidence, 7):
        honest.add(part, random.random(len(part)) < part)
        proud.add(part, random.random(len(part)) < part - 0.1)
    assert calibration_error(honest.bins()) < 0.004
    assert calibration_error(proud.bins()) == pytest.approx(0.1, abs=0.004)


def test_the_error_against_the_definition_written_out() -> None:
    random = np.random.default_rng(1)
    confidence, right = random.random(500).round(2), random.random(500) < 0.6  # 0.2, 0.4, … lie on edges
    collected = Calibration()
    collected.add(confidence, right)
    error = 0.0
    for place, entry in enumerate(collected.bins()):
        inside = (confidence > place / 15) & (confidence <= (place + 1) / 15)
        inside |= (confidence == 0) & (place == 0)
        assert entry.count == inside.sum()
        if inside.any():
            error += inside.sum() / 500 * abs(right[inside].mean() - confidence[inside].mean())
    assert calibration_error(collected.bins()) == pytest.approx(error)


def test_a_certain_network_that_is_right_has_no_calibration_error() -> None:
    bins = [CalibrationBin(count=0, confidence=0.0, accuracy=0.0)] * 14
    assert calibration_error([*bins, CalibrationBin(count=9, confidence=1.0, accuracy=1.0)]) == 0


@pytest.mark.parametrize(
    ("right", "count", "interval"),
    [(0, 10, (0.0, 0.2775)), (5, 10, (0.2366, 0.7634)), (81, 263, (0.2553, 0.3662)), (10, 10, (0.7225, 1.0))],
)
def test_the_interval_against_published_values(right: int, count: int, interval: tuple[float, float]) -> None:
    # 81 of 263: Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    assert wilson_interval(right, count) == pytest.approx(interval, abs=5e-5)


def test_scores_of_classes_against_the_sets_written_out() -> None:
    random = np.random.default_rng(4)
    true, predicted = random.integers(0, 6, (2, 90))
    confusion = np.zeros((7, 7), dtype=int)  # the seventh class has no images
    np.add.at(confusion, (true, predicted), 1)
    for number, score in enumerate(class_scores(confusion)):
        of, taken = set(np.flatnonzero(true == number)), set(np.flatnonzero(predicted == number))
        assert (score.images, score.right, score.predicted) == (len(of), len(of & taken), len(taken))
        if of and taken and of & taken:
            recall, precision = len(of & taken) / len(of), len(of & taken) / len(taken)
            assert (score.recall, score.precision) == (recall, precision)
            assert score.f1 == pytest.approx(2 / (1 / recall + 1 / precision))
    assert (score.recall, score.precision, score.f1) == (None, None, None)
