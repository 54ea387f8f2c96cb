"""Networks of the zoo within a budget: the widest that fit, and no wider one does."""

from __future__ import annotations

import pytest

from featherbone.networks import NETWORKS, network
from featherbone.search import Budget, costs_of
from featherbone.search.propose.zoo_scaled import WIDEST, scaled_zoo

SOME = ("mobilenet_v1", "mobilenet_v2", "shufflenet_v2", "cifar_resnet20", "mlperf_tiny_resnet8", "squeezenet")


@pytest.mark.parametrize(
    "budget", [Budget(macs=8_000_000, params=300_000), Budget(peak_memory=60_000), Budget(size=900_000)]
)
def test_every_form_fits_is_what_its_text_says_and_no_wider_one_fits(budget: Budget) -> None:
    found = scaled_zoo(budget, classes=7, channels=1, resolutions=[24, 32], names=SOME)
    assert {each.name for each in found} >= {"mlperf_tiny_resnet8", "cifar_resnet20"}
    for each in found:
        assert network(each.spec) == each.graph
        assert each.graph.input_shape == (1, each.resolution, each.resolution)
        assert each.graph.output_shape == (7,)
        assert each.costs == costs_of(each.graph)
        assert not budget.breaches(each.costs)
        if each.hundredths is not None and each.hundredths < WIDEST:
            wider = each.spec.replace(f"width={each.hundredths / 100}", f"width={(each.hundredths + 1) / 100}")
            assert wider != each.spec
            assert budget.breaches(costs_of(network(wider)))


def test_bisection_finds_what_a_look_at_every_width_finds() -> None:
    budget = Budget(macs=3_000_000, params=30_000)
    fits = []
    for hundredths in range(1, 101):
        graph = NETWORKS["cifar_resnet20"](width=hundredths / 100)
        if not budget.breaches(costs_of(graph)):
            fits.append(hundredths)
    (found,) = scaled_zoo(budget, classes=10, channels=3, resolutions=[32], names=["cifar_resnet20"])
    assert found.hundredths == max(fits)
    assert fits == list(range(1, max(fits) + 1))


def test_a_smaller_resolution_stands_there_only_where_it_allows_a_wider_form() -> None:
    asked = {"classes": 10, "channels": 3, "resolutions": [32, 24], "names": ["cifar_resnet20"]}
    by_macs = scaled_zoo(Budget(macs=9_000_000), **asked)
    assert [each.resolution for each in by_macs] == [32, 24]
    assert (by_macs[0].hundredths or 0) < (by_macs[1].hundredths or 0)
    by_params = scaled_zoo(
        Budget(params=50_000), classes=10, channels=3, resolutions=[32, 24], names=["cifar_resnet20"]
    )
    assert [each.resolution for each in by_params] == [32]


def test_what_is_too_large_at_its_narrowest_is_left_out() -> None:
    assert scaled_zoo(Budget(params=100), classes=10, channels=3, resolutions=[32], names=SOME) == ()
