"""Mean and standard deviation of pixels, exact: counted in integers, so no order of summation can change them."""

from __future__ import annotations

import math

import numpy as np

_VALUES_AT_ONCE = 2**24  # counting needs eight bytes for each
_LEAST_STD = 1 / 255


def mean_and_std(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, of uint8 images (count, height, width, channels) with pixels scaled to 0..1.

    >>> mean_and_std(np.array([0, 255], dtype=np.uint8).reshape(2, 1, 1, 1))
    ((0.5,), (0.5,))

    The standard deviation is at least one grey level, 1/255, so that images of one colour can be normalised.
    """
    channels = images.shape[3]
    counts = np.zeros((channels, 256), dtype=np.int64)
    at_once = max(1, _VALUES_AT_ONCE // max(1, images[:1].size))
    for start in range(0, len(images), at_once):
        block = images[start : start + at_once]
        for channel in range(channels):
            counts[channel] += np.bincount(block[..., channel].ravel(), minlength=256)
    means, deviations = [], []
    for histogram in counts.tolist():
        total = sum(histogram)
        first = sum(value * count for value, count in enumerate(histogram))
        second = sum(value * value * count for value, count in enumerate(histogram))
        means.append(first / total / 255)
        deviations.append(max(math.sqrt(total * second - first * first) / total / 255, _LEAST_STD))
    return tuple(means), tuple(deviations)
