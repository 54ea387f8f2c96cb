"""Which weights of a layer stay: the largest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def largest_share(weights: Weights, keep: float) -> Mask:
    """Where the weights stand that stay when a share of a layer is kept, those farthest from 0; the first among equals.

    >>> largest_share(np.array([[3, -1], [0.5, -4]], np.float32), keep=0.5)
    array([[ True, False],
           [False,  True]])

    At least one weight is kept, and none that is 0.
    """
    flat = np.abs(weights.reshape(-1))
    count = min(max(1, round(keep * flat.size)), flat.size)
    kept = np.zeros(flat.size, bool)
    kept[np.argsort(-flat, kind="stable")[:count]] = True
    return (kept & (flat > 0)).reshape(weights.shape)


def beyond_deviations(weights: Weights, threshold: float) -> Mask:
    """Where the weights stand that are farther from 0 than so many standard deviations of the layer's weights.

    >>> beyond_deviations(np.array([-2, -1, 1, 2], np.float32), threshold=1.0)
    array([ True, False, False,  True])

    The rule of S. Han et al., arXiv:1506.02626, section 3.2.
    """
    magnitudes = np.abs(weights)
    return (magnitudes > threshold * float(weights.std(dtype=np.float64))) & (magnitudes > 0)
