"""A grid holds zero and its ends."""

import pytest

from featherbone.errors import FeatherboneError
from featherbone.quantize import Grid, grid_over


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (0.0, 6.0), (2.0, 5.0), (-4.0, -1.0), (0.0, 0.0), (-1e-9, 1e9)])
def test_a_grid_reaches_over_its_bounds_and_zero(low, high, bits):
    grid = grid_over(low, high, bits)
    assert grid.least <= 0 <= grid.most
    assert grid.least - grid.step / 2 <= min(low, 0) + 1e-12
    assert grid.most + grid.step * 0.501 >= max(high, 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"step": 0.0, "zero": 0}, "step of a map is 0.0"),
        ({"step": float("nan"), "zero": 0}, "step of a map is nan"),
        ({"step": 1.0, "zero": 128}, "zero of a map is 128; it must lie in -128 to 127"),
        ({"step": 1.0, "zero": 0, "bits": 4}, "a map of 4 bits is not possible; it has 8 or 16"),
    ],
)
def test_no_other_grid_is_made(values, said):
    with pytest.raises(FeatherboneError, match=said):
        Grid(**values)


def test_bounds_are_finite():
    with pytest.raises(FeatherboneError, match="reaches from nan to"):
        grid_over(float("nan"), 1.0)
