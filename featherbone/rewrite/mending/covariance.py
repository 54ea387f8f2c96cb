"""What a layer reads as a matrix that can be inverted, however few or alike the images are."""

from __future__ import annotations

import torch

from featherbone.rewrite.mending.moments import Moments

LOST = 1e-6  # of the mean power, what sums in float32 may lose of it: moments about a mean can't be trusted further


def covariance(seen: Moments, *, about_mean: bool) -> torch.Tensor:
    """Mean second moments of what is read: groups × fan × fan; about its mean where a bias makes up for that.

    >>> seen = Moments()
    >>> seen.add_read(torch.tensor([[[1.0, 1.0], [3.0, 1.0]]]))
    >>> covariance(seen, about_mean=False).item(), covariance(seen, about_mean=True).item()
    (5.0, 1.0)
    """
    read = seen.read[:, :-1, :-1] / seen.rows
    if not about_mean:
        return read
    mean = seen.read[:, :-1, -1] / seen.rows
    return read - mean[:, :, None] * mean[:, None]


def definite(seen: Moments, share: float, *, about_mean: bool) -> torch.Tensor:
    """The covariance with this share of the mean of its diagonal added to that, or more where it needs more.

    >>> alike = Moments()
    >>> alike.add_read(torch.ones(1, 9, 4))
    >>> torch.linalg.cholesky_ex(definite(alike, 0.01, about_mean=True)).info.tolist()
    [0]
    """
    found = covariance(seen, about_mean=about_mean)
    power = covariance(seen, about_mean=False).diagonal(dim1=1, dim2=2).mean(1)
    more = share * found.diagonal(dim1=1, dim2=2).mean(1).clamp_min(0) + LOST * power + 1e-12
    ones = torch.eye(found.shape[1], dtype=found.dtype)
    while True:
        held = found + more[:, None, None] * ones
        failed = torch.linalg.cholesky_ex(held).info > 0
        if not failed.any():
            return held
        more = torch.where(failed, 10 * more, more)
