"""How rare a budget is: between the bounds, against every design of a space, and against draws."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rarity import share_within
from featherbone.errors import FeatherboneError
from featherbone.search import Budget, Space, SpaceCosts, StageSpace

STAGES = (
    StageSpace(blocks=("basic", "fire t2", "grouped g8"), depths=(1, 2), se=(False, True)),
    StageSpace(blocks=("inverted_residual t2",), depths=(0, 1), stride=2, se=(False,), widths=(8, 20)),
)
SPACE = Space(name="small", resolutions=(12, 8), stem_stride=1, stages=STAGES, heads=(0.0, 1.0), widest=24)


def every_draw(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """All rows of the space, and how likely each is."""
    rows: list[list[int]] = [[]]
    chances = [1.0]

    def branch(options: list[list[int]]) -> None:
        nonlocal rows, chances
        rows = [row + option for row in rows for option in options]
        chances = [chance / len(options) for chance in chances for _ in options]

    widths = [[width] for width in range(4, space.widest + 1, 4)]
    branch([[0], [1]])
    branch([[0]])
    branch(widths)
    heads = [([0], 0.5), *((width, 0.5 / len(widths)) for width in widths)]
    pairs = [(row + head, chance * odds) for row, chance in zip(rows, chances, strict=True) for head, odds in heads]
    for stage in space.stages:
        pairs = [
            (row + ([number, depth, width] if depth else [0, 0, 0]), odds / len(stage.choices) / len(stage.depths) / n)
            for row, odds in pairs
            for number, choice in enumerate(stage.choices)
            for depth in stage.depths
            for allowed in [stage.widths_of(choice, space.widest)]
            for n in [len(allowed)]
            for width in allowed
        ]
    return np.array([row for row, _ in pairs]), np.array([odds for _, odds in pairs])


@pytest.fixture(scope="module")
def draws() -> tuple[SpaceCosts, np.ndarray, np.ndarray]:
    rows, chances = every_draw(SPACE)
    assert chances.sum() == pytest.approx(1)
    return SpaceCosts(SPACE, classes=3, channels=1), rows, chances


@pytest.mark.parametrize("limit", ["macs", "params", "size", "int8_size"])
@pytest.mark.parametrize("quantile", [0.001, 0.05, 0.5])
def test_the_share_of_draws_lies_between_its_bounds_and_is_exact_with_steps_of_one(
    draws: tuple[SpaceCosts, np.ndarray, np.ndarray], limit: str, quantile: float
) -> None:
    costs, rows, chances = draws
    values = getattr(costs.of_rows(rows), limit)
    budget = Budget(**{limit: int(np.quantile(values, quantile))})
    share = chances[costs.fits(rows, budget)].sum()
    low, high = share_within(costs, budget, steps=100)
    assert low <= share + 1e-12
    assert share <= high + 1e-12
    assert high - low < 0.2
    if limit == "params":
        assert share_within(costs, budget, steps=10**6) == pytest.approx((share, share), rel=1e-9)


def test_of_several_limits_the_rarest_bounds_from_above(draws: tuple[SpaceCosts, np.ndarray, np.ndarray]) -> None:
    costs, rows, chances = draws
    budget = Budget(params=3_000, macs=150_000, peak_memory=20_000)
    low, high = share_within(costs, budget)
    assert low == 0 < chances[costs.fits(rows, budget)].sum() <= high
    assert high == min(share_within(costs, Budget(params=3_000))[1], share_within(costs, Budget(macs=150_000))[1])
    assert share_within(costs, Budget(params=1)) == (0, 0)
    assert share_within(costs, Budget(size=1)) == (0, 0)
    with pytest.raises(FeatherboneError, match="rarity"):
        share_within(costs, Budget(peak_memory=10))
