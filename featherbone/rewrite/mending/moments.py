"""What least squares need to know of rows: their second moments, and those with what is to be written."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

WIDEST = 4800  # weights of an output of the widest layer whose moments are taken: squared, in float64, 184 MB


def _nothing() -> torch.Tensor:
    return torch.zeros(())


@dataclass(kw_only=True)
class Moments:
    """Sums over rows x, with a one at their end, and targets y, for each group; in float64.

    >>> found = Moments()
    >>> found.add(torch.ones(1, 10, 3), torch.ones(1, 10, 2))
    >>> found.rows, found.read.shape, found.both.shape
    (10, torch.Size([1, 3, 3]), torch.Size([1, 2, 3]))

    ``read`` is Σ x·xᵀ, ``both`` is Σ y·xᵀ, ``written`` is Σ y·yᵀ's diagonal.
    """

    rows: int = 0
    read: torch.Tensor = field(default_factory=_nothing)
    both: torch.Tensor = field(default_factory=_nothing)
    written: torch.Tensor = field(default_factory=_nothing)

    def add(self, rows: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in rows (groups × rows × fan + 1) and targets (groups × rows × channels)."""
        self.add_read(rows)
        self.both = self.both + (targets.transpose(1, 2) @ rows).double()
        self.written = self.written + targets.double().square().sum(1)

    def add_read(self, rows: torch.Tensor) -> None:
        """Take in rows without targets; where an output has more than ``WIDEST`` weights, the diagonal alone."""
        self.rows += rows.shape[1]
        read = rows.transpose(1, 2) @ rows if rows.shape[2] - 1 <= WIDEST else rows.square().sum(1)
        self.read = self.read + read.double()

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            rows=self.rows + other.rows,
            read=self.read + other.read,
            both=self.both + other.both,
            written=self.written + other.written,
        )

    def error(self, matrix: torch.Tensor) -> torch.Tensor:
        """The mean squared error of each output of a matrix (groups × channels × fan + 1): groups × channels."""
        fits = ((matrix @ self.read - 2 * self.both) * matrix).sum(2)
        return (fits + self.written).clamp_min(0) / self.rows

    def power(self) -> torch.Tensor:
        """The variance of each target: what an error is a share of."""
        mean = self.both[..., -1] / self.rows
        return (self.written / self.rows - mean.square()).clamp_min(0)
