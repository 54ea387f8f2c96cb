"""How many bits a level will take, as far as that is known before it is coded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

RAREST = 1e-3  # the share of levels that are, or are not, 0, is taken as no smaller


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Bits of a 0, of a 1 or -1, and what each further step away costs: magnitudes fall off geometrically.

    >>> rates = Rates.of(torch.tensor([0, 0, 1, -2]))
    >>> round(rates.zero, 3), round(rates.one, 3), round(rates.further, 3)
    (1.0, 2.585, 1.585)
    """

    zero: float
    one: float
    further: float

    @classmethod
    def of(cls, levels: torch.Tensor) -> Rates:
        """The rates of a layer, from levels that it had so far."""
        sizes = levels.abs().double()
        different = min(max(float((sizes > 0).double().mean()), RAREST), 1 - RAREST)
        mean = float(sizes.sum()) / max(1, int((sizes > 0).sum()))
        falls = min(max(1 - 1 / mean if mean > 1 else 0.0, RAREST), 1 - RAREST)
        return cls(
            zero=-math.log2(1 - different),
            one=1 - math.log2(different) - math.log2(1 - falls),
            further=-math.log2(falls),
        )

    def bits(self, levels: torch.Tensor) -> torch.Tensor:
        """Of each level."""
        sizes = levels.abs()
        return torch.where(sizes == 0, self.zero, self.one + self.further * (sizes - 1))
