"""What levels will take is close to their entropy where magnitudes fall off geometrically, as those of weights do."""

from __future__ import annotations

import math

import pytest
import torch

from featherbone.pack.rates import Rates


@pytest.mark.parametrize(("different", "falls"), [(0.3, 0.4), (0.8, 0.7), (0.05, 0.1)])
def test_the_bits_of_geometric_levels_are_their_entropy(different: float, falls: float) -> None:
    generator = torch.Generator().manual_seed(0)
    sizes = 1 + (torch.rand(200_000, generator=generator).log() / math.log(falls)).floor()
    signs = torch.randint(0, 2, sizes.shape, generator=generator) * 2 - 1
    levels = (torch.rand(sizes.shape, generator=generator) < different) * sizes * signs
    share = levels.unique(return_counts=True)[1] / len(levels)
    entropy = float(-(share * share.log2()).sum())
    assert float(Rates.of(levels).bits(levels).mean()) == pytest.approx(entropy, rel=0.02)


def test_levels_that_are_all_alike_have_rates_too() -> None:
    for levels in (torch.zeros(9), torch.ones(9), torch.full((9,), 300.0)):
        rates = Rates.of(levels)
        assert all(math.isfinite(each) and each > 0 for each in (rates.zero, rates.one, rates.further))
