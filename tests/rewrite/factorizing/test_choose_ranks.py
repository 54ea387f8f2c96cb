"""Ranks over a network keep a limit, lose as little as steps down the hulls can, and refuse what can't be."""

from __future__ import annotations

from itertools import product

import pytest

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.rewrite.factorizing import (
    FORMS,
    applied,
    at_points,
    at_rank,
    at_share,
    best_of_each,
    moments_of,
    tabulate,
    within,
)

LAYERS = ("strided", "uneven", "dilated")


@pytest.mark.parametrize("share", [0.9, 0.5])
def test_a_limit_is_kept_and_not_undercut_by_more_than_a_rank(share, network, images):
    moments = moments_of(network, images, LAYERS)
    table = tabulate(network, LAYERS, ["asymmetric", "pointwise_after"], at_points(4), moments)
    macs = count(network.graph).macs
    chosen = within(network, table, int(share * macs), moments)
    left = count(applied(network, chosen, moments).graph).macs
    assert (share - 0.1) * macs < left <= share * macs
    assert left == macs - sum(each.saved for each in chosen)


def test_little_is_lost_beside_the_best_of_all_choices(network):
    table = tabulate(network, LAYERS, ["pointwise_after"], at_points(4))
    macs = count(network.graph).macs
    for share in (0.8, 0.6):
        errors = sum(each.error for each in within(network, table, int(share * macs)))
        every = product(*([None, *table.of(layer)] for layer in LAYERS))
        kept = [[each for each in some if each] for some in every]
        best = min(
            sum(each.error for each in some)
            for some in kept
            if macs - sum(each.saved for each in some) <= int(share * macs)
        )
        assert errors < 1.35 * best


def test_a_limit_that_is_kept_or_out_of_reach_is_refused(network):
    table = tabulate(network, ["mix"], ["pointwise_after"], at_points())
    with pytest.raises(FeatherboneError, match="there is nothing to do: odd has"):
        within(network, table, count(network.graph).macs)
    with pytest.raises(FeatherboneError, match="with each layer as far down as was tried; the limit is 100"):
        within(network, table, 100)


def test_of_several_forms_each_layer_takes_the_one_that_loses_least(network):
    table = tabulate(network, LAYERS, tuple(FORMS), at_share(0.6))
    for each in best_of_each(table):
        assert each.error == min(other.error for other in table.of(each.layer))
        assert each.cost.macs <= 0.6 * each.whole.macs


def test_what_is_left_has_its_reason(network):
    table = tabulate(network, ["filter", "mix", "strided"], ["asymmetric"], at_rank(40))
    assert table.tried == ()
    assert [layer for layer, _ in table.left] == ["filter", "mix", "strided"]
    reasons = dict(table.left)
    assert reasons["strided"] == "rank is 40; asymmetric of strided has 1 to 18 (it counts channels between the two)"
    table = tabulate(network, ["strided"], ["grouped"], at_share(0.01))
    assert table.left == (("strided", "grouped needs over 0.01 of its multiply-adds at any rank"),)
