"""Least squares that trust the images as far as other images bear them out."""

from __future__ import annotations

import torch

from featherbone.rewrite.mending.moments import Moments

# Shares of the rows' mean power by which the weights are held where they were; infinity leaves them.
SHARES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def fitted(start: torch.Tensor, seen: Moments, held_out: Moments, *, bias: bool) -> torch.Tensor:
    """The matrix that writes the targets best, never worse on the images held out than ``start``.

    >>> rows = torch.cat([torch.randn(1, 400, 3, generator=torch.Generator().manual_seed(0)), torch.ones(1, 400, 1)], 2)
    >>> true = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    >>> seen, held_out = Moments(), Moments()
    >>> seen.add(rows[:, :300], rows[:, :300] @ true.mT)
    >>> held_out.add(rows[:, 300:], rows[:, 300:] @ true.mT)
    >>> fitted(torch.zeros(1, 1, 4, dtype=torch.float64), seen, held_out, bias=True).round(decimals=3)
    tensor([[[1., 2., 3., 4.]]], dtype=torch.float64)

    Ridge regression of what is missing, so that weights about which the images say little stay as they were; how much
    they are held is what fits the images held out best, chosen for each group, and then all images are used. A group
    that no share improves keeps ``start``. Shapes: groups × channels × (fan + 1), the bias last. Where the layer has no
    ``bias``, that column is not fitted.
    """
    free = start.shape[2] if bias else start.shape[2] - 1
    if free == 0:
        return start
    best = held_out.error(start).sum(1)
    share = torch.full_like(best, torch.inf)
    for tried in SHARES:
        error = held_out.error(_ridge(start, seen, torch.full_like(best, tried), free, bias)).sum(1)
        better = error < best
        best, share = torch.where(better, error, best), torch.where(better, tried, share)
    found = _ridge(start, seen + held_out, share.clamp_max(SHARES[-1]), free, bias)
    return torch.where(share.isinf()[:, None, None], start, found)


def _ridge(start: torch.Tensor, seen: Moments, share: torch.Tensor, free: int, bias: bool) -> torch.Tensor:
    read = seen.read[:, :free, :free]
    missing = (seen.both - start @ seen.read)[..., :free]
    diagonal = read.diagonal(dim1=1, dim2=2)
    weights = diagonal[:, : diagonal.shape[1] - bias] if diagonal.shape[1] > bias else diagonal
    hold = (share * weights.mean(1))[:, None].expand_as(diagonal).clone()
    if bias:
        hold[:, -1] = 1e-9 * seen.rows  # a bias costs no variance: it is free
    found = start.clone()
    found[..., :free] += torch.linalg.solve(read + torch.diag_embed(hold + 1e-12 * seen.rows), missing.mT).mT
    return found
