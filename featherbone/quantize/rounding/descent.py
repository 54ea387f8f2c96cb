"""Rows of weights as integers, chosen so that the output of their layer changes least.

What a row w̃ loses against w is (w̃ - w) · H · (w̃ - w), where H are the second moments of what the layer reads. GPTQ
(arXiv:2210.17323) rounds one column after the other and lets the columns that follow make up for it; then each integer
in turn takes the value that is best given all others, which never loses more, and the steps are fitted again. A row
that rounding to the nearest suits better begins from that.
"""

from __future__ import annotations

import torch

from featherbone.quantize.network import level_bounds

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
    left = rows.gather(2, order[:, None].expand_as(rows)).clone()
    across = order[:, :, None].expand_as(moments)
    sorted_moments = moments.gather(1, across).gather(2, across.transpose(1, 2))
    # The Cholesky factor of the inverse, upper: its rows say how the columns that follow make up for one.
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(sorted_moments))
    factor = torch.linalg.cholesky(inverse, upper=True)
    levels = torch.empty_like(left)
    for column in range(left.shape[2]):
        levels[..., column] = (left[..., column] / steps).round().clamp(low, high)
        wrong = (left[..., column] - levels[..., column] * steps) / factor[:, column, column, None]
        left[..., column + 1 :] -= wrong[..., None] * factor[:, None, column, column + 1 :]
    return levels.gather(2, back[:, None].expand_as(levels))


def _descended(
    rows: torch.Tensor, moments: torch.Tensor, steps: torch.Tensor, levels: torch.Tensor, bits: int
) -> torch.Tensor:
    """Each integer in turn at its best, given all others, until none moves."""
    low, high = level_bounds(bits)
    levels = levels.clone()
    slope = (levels * steps[..., None] - rows) @ moments
    diagonal = moments.diagonal(dim1=1, dim2=2)
    for _ in range(SWEEPS):
        moved = False
        for column in range(rows.shape[2]):
            best = levels[..., column] - slope[..., column] / (diagonal[:, column, None] * steps)
            change = best.round().clamp(low, high) - levels[..., column]
            groups, channels = change.nonzero(as_tuple=True)
            if len(groups):
                moved = True
                levels[..., column] += change
                moving = (change * steps)[groups, channels]
                slope[groups, channels] += moving[:, None] * moments[groups, column]
        if not moved:
            break
    return levels


def _fitted_steps(rows: torch.Tensor, moments: torch.Tensor, levels: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """The step of each row at which its levels lose least; as it was where there is no better one above zero."""
    weighted = levels @ moments
    top, bottom = (weighted * rows).sum(-1), (weighted * levels).sum(-1)
    return torch.where((bottom > 0) & (top > 0), top / bottom.clamp_min(1e-300), steps)
