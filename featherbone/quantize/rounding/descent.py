"""Rows of weights as integers, chosen so that the output of their layer changes least.

What a row w̃ loses against w is (w̃ - w) · H · (w̃ - w), where H are the second moments of what the layer reads. GPTQ
(arXiv:2210.17323) rounds one column after the other and lets the columns that follow make up for it; then each integer
in turn takes the value that is best given all others, which never loses more, and the steps are fitted again. A row
that rounding to the nearest suits better begins from that.
"""

from __future__ import annotations

import torch

from featherbone.quantize.network import level_bounds
from featherbone.rewrite.mending.descent import compensation, passed_on, swept

SWEEPS = 3  # through all columns, between two fits of the steps


def rounded_rows(
    rows: torch.Tensor, moments: torch.Tensor, steps: torch.Tensor, bits: int, fits: int = 2
) -> tuple[torch.Tensor, torch.Tensor]:
    """Levels and steps of rows (groups × channels × fan) for moments (groups × fan × fan), all in float64.

    >>> rows = torch.tensor([[[0.6, 0.6]]], dtype=torch.float64)
    >>> alike = torch.tensor([[[1.0, 0.99], [0.99, 1.0]]], dtype=torch.float64)
    >>> levels, steps = rounded_rows(rows, alike, torch.tensor([[1.0]], dtype=torch.float64), 4)
    >>> levels.tolist(), round(steps.item(), 3)
    ([[[1.0, 0.0]]], 1.194)

    ``moments`` must be positive definite. ``steps`` (groups × channels) are those that begin; they are fitted to the
    levels ``fits`` times.
    """
    levels = _in_order(rows, moments, steps, bits)
    nearest = (rows / steps[..., None]).round().clamp(*level_bounds(bits))
    plain = lost(rows, moments, steps, nearest) < lost(rows, moments, steps, levels)
    levels = torch.where(plain[..., None], nearest, levels)
    for _ in range(fits):
        levels = _descended(rows, moments, steps, levels, bits)
        steps = _fitted_steps(rows, moments, levels, steps)
    return _descended(rows, moments, steps, levels, bits), steps


def lost(rows: torch.Tensor, moments: torch.Tensor, steps: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """What each row loses: groups × channels."""
    missing = levels * steps[..., None] - rows
    return ((missing @ moments) * missing).sum(-1)


def _in_order(rows: torch.Tensor, moments: torch.Tensor, steps: torch.Tensor, bits: int) -> torch.Tensor:
    """GPTQ: the columns that matter most first, and what rounding loses is made up for by the others."""
    low, high = level_bounds(bits)
    order = moments.diagonal(dim1=1, dim2=2).argsort(dim=1, descending=True)
    back = order.argsort(dim=1)
    left = rows.gather(2, order[:, None].expand_as(rows))
    across = order[:, :, None].expand_as(moments)
    sorted_moments = moments.gather(1, across).gather(2, across.transpose(1, 2))
    places = left / steps[..., None]
    levels = passed_on(places, compensation(sorted_moments), lambda wanted, _: wanted.round().clamp(low, high))
    return levels.gather(2, back[:, None].expand_as(levels))


def _descended(
    rows: torch.Tensor, moments: torch.Tensor, steps: torch.Tensor, levels: torch.Tensor, bits: int
) -> torch.Tensor:
    """Each integer in turn at its best, given all others, until none moves."""
    low, high = level_bounds(bits)
    places = rows / steps[..., None]
    for _ in range(SWEEPS):
        before = levels
        levels = swept(places, before, moments, lambda wanted, _: wanted.round().clamp(low, high))
        if torch.equal(levels, before):
            break
    return levels


def _fitted_steps(rows: torch.Tensor, moments: torch.Tensor, levels: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """The step of each row at which its levels lose least; as it was where there is no better one above zero."""
    weighted = levels @ moments
    top, bottom = (weighted * rows).sum(-1), (weighted * levels).sum(-1)
    return torch.where((bottom > 0) & (top > 0), top / bottom.clamp_min(1e-300), steps)
