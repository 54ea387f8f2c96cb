"""Levels of correlated columns: errors that are passed on lose less than rounding, and a sweep never loses more."""

import pytest
import torch

from featherbone.rewrite.mending.descent import compensation, passed_on, swept


def rounded(wanted: torch.Tensor, _: int) -> torch.Tensor:
    return wanted.round()


@pytest.mark.parametrize("seed", range(3))
def test_each_way_loses_less_than_the_one_before_it(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    read = torch.randn(2, 40, 12, generator=generator, dtype=torch.float64)
    read[..., 6:] = read[..., :6] + 0.3 * read[..., 6:]
    moments = read.transpose(1, 2) @ read / 40 + 0.01 * torch.eye(12, dtype=torch.float64)
    places = 2 * torch.randn(2, 5, 12, generator=generator, dtype=torch.float64)

    def lost(levels: torch.Tensor) -> torch.Tensor:
        return (((levels - places) @ moments) * (levels - places)).sum(2)

    nearest, in_turn = places.round(), passed_on(places, compensation(moments), rounded)
    again = swept(places, in_turn, moments, rounded)
    assert lost(in_turn).sum() < lost(nearest).sum()
    assert bool((lost(again) <= lost(in_turn) + 1e-12).all())
    assert torch.equal(again, again.round())
