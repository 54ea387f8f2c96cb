"""Children keep the proportions of their parents."""

from __future__ import annotations

import numpy as np
import pytest

from featherbone.search import Budget, SpaceCosts, named_space
from featherbone.search.draw.sample import sample
from featherbone.search.propose import children
from featherbone.search.propose.children import Changes
from featherbone.search.space.matrix import HEAD, STEM, WIDTH, column, encode


def test_shares_are_those_of_the_widths_and_what_is_missing_is_as_wide_as_what_stands_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(children, "JITTER", 0.0)
    costs = SpaceCosts(named_space("light", (32,)), classes=10, channels=3)
    budget = Budget(macs=12_500_000, params=80_000)
    designs = sample(costs, budget, 40, seed=0)
    rows = encode(costs.space, designs)
    shares = Changes(costs, budget)._shares(rows, np.random.default_rng(0))
    places = [STEM, *(column(place, WIDTH) for place in range(len(costs.space.stages))), HEAD]
    missing = 0
    for row, share in zip(rows, shares, strict=True):
        before = widths = row[STEM]
        for place, found in zip(places, share, strict=True):
            missing += row[place] <= 4
            widths = row[place] if row[place] > 4 else max(before, 4)
            assert found == pytest.approx(widths / row[STEM])
            before = widths
    assert missing > 20
