"""Descent ends where no single integer can be changed for the better."""

import pytest
import torch

from featherbone.quantize.network import level_bounds
from featherbone.quantize.rounding.descent import lost, rounded_rows


def case(seed, groups=2, channels=3, fan=6):
    draw = torch.Generator().manual_seed(seed)
    seen = torch.randn(groups, 40, fan, generator=draw, dtype=torch.float64) @ torch.randn(
        fan, fan, generator=draw, dtype=torch.float64
    )
    rows = torch.randn(groups, channels, fan, generator=draw, dtype=torch.float64)
    return rows, seen.transpose(1, 2) @ seen / 40 + 1e-3 * torch.eye(fan, dtype=torch.float64)


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_no_neighbour_is_better(bits):
    rows, moments = case(bits)
    low, high = level_bounds(bits)
    first = rows.abs().amax(2) / high
    levels, steps = rounded_rows(rows, moments, first, bits)
    assert low <= levels.min() <= levels.max() <= high
    assert (levels == levels.round()).all()
    least = lost(rows, moments, steps, levels)
    nearest = (rows / first[..., None]).round().clamp(low, high)
    assert (least <= lost(rows, moments, first, nearest) + 1e-9).all()
    for column in range(rows.shape[2]):
        for move in (-1, 1):
            changed = levels.clone()
            changed[..., column] = (changed[..., column] + move).clamp(low, high)
            assert (lost(rows, moments, steps, changed) >= least - 1e-9).all()
