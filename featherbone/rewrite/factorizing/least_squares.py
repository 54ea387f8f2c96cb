"""The best factors of a matrix where what it is multiplied with has given second moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from featherbone.rewrite.factorizing.form import Layer

Rows = Callable[..., torch.Tensor]  # of all factors but the last: what the last is multiplied with
ROUNDS, STEPS = 6, 6  # of all factors in turn, and of conjugate gradients for one
LEAST_GAIN = 0.01  # share of the error by which a round must improve for another to follow
RIDGE = 1e-9  # share of the mean diagonal that is added where a matrix is inverted


def column_space(matrix: torch.Tensor, second: torch.Tensor, rank: int) -> torch.Tensor:
    """An orthonormal basis U (… × rows × rank) for which U·Uᵀ·matrix is nearest to the matrix of all of that rank.

    >>> matrix = torch.tensor([[3.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    >>> column_space(matrix, torch.eye(2, dtype=torch.float64), 1).abs()
    tensor([[1.],
            [0.]], dtype=torch.float64)
    >>> column_space(matrix, torch.diag(torch.tensor([0.01, 1.0], dtype=torch.float64)), 1).abs().round(decimals=3)
    tensor([[0.],
            [1.]], dtype=torch.float64)

    Near is meant in what is written: by the mean square of (matrix − U·Uᵀ·matrix)·x where x·xᵀ has the mean
    ``second`` (… × columns × columns). Several matrices at once have leading sizes.

    Source: reduced-rank regression, Izenman 1975, doi:10.1016/0047-259X(75)90042-1.
    """
    root = torch.linalg.cholesky(ridged(second))
    found: torch.Tensor = torch.linalg.svd(matrix @ root, full_matrices=False).U
    return found[..., :rank]


def ridged(square: torch.Tensor) -> torch.Tensor:
    """A matrix of moments that can be inverted: with a little on its diagonal."""
    diagonal = square.diagonal(dim1=-2, dim2=-1)
    little = RIDGE * diagonal.mean(-1, keepdim=True) + torch.finfo(square.dtype).tiny
    return square + torch.diag_embed(little.expand_as(diagonal))


def refined(layer: Layer, factors: Sequence[torch.Tensor], rows: Rows) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Factors that lose less, and the matrix that they make; never more than the given ones lose.

    The layer is replaced by ``last @ rows(*others)``. Each factor in turn takes the least squares given the others,
    the last one in closed form and the others by conjugate gradients, as long as that helps.
    """
    found = [*factors[:-1], _last(layer, factors[-1], rows(*factors[:-1]))]
    best = float(layer.loss(found[-1] @ rows(*found[:-1])))
    for _ in range(ROUNDS):
        tried = list(found)
        for place in range(len(tried) - 1):
            tried[place] = _descended(layer, tried, place, rows)
        tried[-1] = _last(layer, tried[-1], rows(*tried[:-1]))
        loss = float(layer.loss(tried[-1] @ rows(*tried[:-1])))
        if not loss < best:
            break
        enough = best - loss < LEAST_GAIN * best
        found, best = tried, loss
        if enough:
            break
    return found, found[-1] @ rows(*found[:-1])


def _last(layer: Layer, last: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """The last factor by least squares; where the moments say nothing it stays as it was."""
    read = layer.second @ rows.T
    missing = (layer.matrix - last @ rows) @ read
    step: torch.Tensor = torch.linalg.solve(ridged(rows @ read), missing.T)
    return last + step.T


def _descended(layer: Layer, factors: Sequence[torch.Tensor], place: int, rows: Rows) -> torch.Tensor:
    """One factor, some steps of conjugate gradients nearer to its least squares, given the others."""

    others = list(factors[:-1])

    def made(factor: torch.Tensor) -> torch.Tensor:
        return factors[-1] @ rows(*others[:place], factor, *others[place + 1 :])

    def slope(missing: torch.Tensor) -> torch.Tensor:
        """The negative gradient of half the loss, where the factors miss so much of the layer."""
        variable = factors[place].detach().requires_grad_()
        (found,) = torch.autograd.grad(made(variable), variable, missing @ layer.second)
        return found

    factor = factors[place]
    residual = slope(layer.matrix - made(factor))
    direction, power = residual, residual.square().sum()
    first = power
    for _ in range(STEPS):
        if not power > 1e-16 * first:
            break
        curved = slope(made(direction))
        along = (direction * curved).sum()
        if not along > 0:
            break
        step = power / along
        factor = factor + step * direction
        residual = residual - step * curved
        before, power = power, residual.square().sum()
        direction = residual + power / before * direction
    return factor
