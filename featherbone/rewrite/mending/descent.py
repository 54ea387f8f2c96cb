"""Weights as whole numbers, so that the output of their layer changes least: two ways, for whoever chooses each number.

In units of a row's step, levels l lose (l - p) · H · (l - p) against places p, where H are the second moments of what
the layer reads. Levels are groups × rows × columns, H is groups × columns × columns, all in float64.

Source: GPTQ, arXiv:2210.17323, and exact coordinate descent.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

Choose = Callable[[torch.Tensor, int], torch.Tensor]  # the levels of a column, for the places that would be best


def compensation(moments: torch.Tensor) -> torch.Tensor:
    """How the columns that follow make up for one: the upper Cholesky factor of the inverse of the moments.

    >>> compensation(torch.tensor([[[4.0, 0.0], [0.0, 1.0]]])).diagonal(dim1=1, dim2=2).tolist()
    [[0.5, 1.0]]
    """
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(moments))
    factor: torch.Tensor = torch.linalg.cholesky(inverse, upper=True)
    return factor


def passed_on(places: torch.Tensor, factor: torch.Tensor, choose: Choose) -> torch.Tensor:
    """Levels column by column, the error of each passed on to those behind it; ``factor`` is their ``compensation``.

    >>> alike = torch.tensor([[[1.0, 0.99], [0.99, 1.0]]], dtype=torch.float64)
    >>> places = torch.tensor([[[0.6, 0.6]]], dtype=torch.float64)
    >>> passed_on(places, compensation(alike), lambda wanted, column: wanted.round()).tolist()
    [[[1.0, 0.0]]]
    """
    left, levels = places.clone(), torch.zeros_like(places)
    for column in range(places.shape[2]):
        levels[..., column] = choose(left[..., column], column)
        error = (left[..., column] - levels[..., column]) / factor[:, column, column, None]
        left[..., column + 1 :] -= error[..., None] * factor[:, None, column, column + 1 :]
    return levels


def swept(places: torch.Tensor, levels: torch.Tensor, moments: torch.Tensor, choose: Choose) -> torch.Tensor:
    """Levels after each column was chosen anew in turn, while all others stay.

    >>> alike = torch.tensor([[[1.0, 0.99], [0.99, 1.0]]], dtype=torch.float64)
    >>> places, ones = torch.tensor([[[0.6, 0.6]]], dtype=torch.float64), torch.ones(1, 1, 2, dtype=torch.float64)
    >>> swept(places, ones, alike, lambda wanted, column: wanted.round()).tolist()
    [[[0.0, 1.0]]]
    """
    levels = levels.clone()
    slope = (levels - places) @ moments
    for column in range(levels.shape[2]):
        wanted = levels[..., column] - slope[..., column] / moments[:, column, column, None]
        change = choose(wanted, column) - levels[..., column]
        groups, rows = change.nonzero(as_tuple=True)
        if len(groups):
            levels[..., column] += change
            slope[groups, rows] += change[groups, rows, None] * moments[groups, column]
    return levels
