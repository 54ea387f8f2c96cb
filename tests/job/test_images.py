from dataclasses import replace

import numpy as np
import pytest

from featherbone.data import Dataset, Split, open_dataset
from featherbone.errors import FeatherboneError
from featherbone.job.images import open_as_seen, preprocessing_of, unlabelled
from featherbone.nn import Preprocessing
from featherbone.progress import silent


@pytest.fixture(scope="module")
def by_class() -> Dataset:
    """Digits in the order of a folder: one class after the other, each image a single shade that tells which."""
    digits = open_dataset("digits")
    labels = np.sort(digits.splits["train"].labels)
    images = np.broadcast_to((20 * labels).astype(np.uint8)[:, None, None, None], (len(labels), 8, 8, 1))
    train = Split(images=images, labels=labels, paths=digits.splits["train"].paths)
    return replace(digits, splits={**digits.splits, "train": train})


def test_any_part_of_the_images_shows_all_classes(by_class: Dataset) -> None:
    seen = preprocessing_of(by_class)
    images = unlabelled(by_class, seen, 400, seed=0)
    assert images.shape == (400, 1, 8, 8)
    shades = (images[:, 0, 0, 0] * seen.std[0] + seen.mean[0]) * 255 / 20
    for part in (shades[:100], shades[-60:]):
        assert set(part.round().int().tolist()) == set(range(10))


def test_they_are_drawn_by_the_seed(by_class: Dataset) -> None:
    seen = preprocessing_of(by_class)
    first, again, other = (unlabelled(by_class, seen, 50, seed=seed) for seed in (0, 0, 1))
    assert first.equal(again)
    assert not first.equal(other)


def test_one_image_is_too_few(by_class: Dataset) -> None:
    with pytest.raises(FeatherboneError, match="at least 2 are needed"):
        unlabelled(by_class, preprocessing_of(by_class), 1, seed=0)


def test_images_come_with_the_mean_and_deviation_that_the_network_is_used_to() -> None:
    seen = Preprocessing(resolution=16, channels=3, mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    dataset = open_as_seen("digits", seen, seed=0, skip_bad=False, progress=silent)
    assert (dataset.mean, dataset.std) == (seen.mean, seen.std)
    assert dataset.splits["val"].images.shape[1:] == (16, 16, 3)
