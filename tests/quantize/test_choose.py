"""The rule of the grids is the one that changes the answers least, and a few wild values do not spoil a grid."""

import pytest
import torch
from narrowing import lively_weights
from quantizing import noise

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.quantize import prepared, quantize
from featherbone.quantize.choose import choose_grids
from featherbone.quantize.observe import ObservedMap, observe
from featherbone.quantize.ranges import RULES, grids_by
from featherbone.quantize.sharing import shared_grids


def network():
    x = image(3, 8).conv(8, 3, name="a", bias=True).act("hard_swish").global_pool().act("hard_sigmoid", name="gate")
    graph = x.flatten().linear(4).graph("some")
    return prepared(graph, lively_weights(graph))


def test_the_rule_that_changes_the_answers_least_is_taken():
    found = choose_grids(network(), noise(network().graph, 24), noise(network().graph, 8, seed=1))
    assert found.divergences[found.rule] == min(found.divergences.values())
    assert set(found.divergences) == {*RULES, "least divergence"}


def test_a_wild_value_is_clipped_by_a_percentile():
    seen = ObservedMap(least=-1.0, most=1000.0, sample=torch.cat([torch.rand(199_999) * 2 - 1, torch.tensor([1000.0])]))
    found = {rule: propose(seen, 8)[1] for rule, propose in RULES.items()}
    assert found["min-max"] == 1000
    assert found["percentile"] <= 1


def test_ends_that_an_activation_does_not_see_are_left_out_and_known_ranges_are_known():
    ready = network()
    shared = shared_grids(ready.graph)
    seen = observe(ready, shared, 30 * noise(ready.graph, 8))
    assert seen["a"].least == -3
    grids = grids_by("min-max", ready.graph, shared, seen)
    assert (grids["gate"].step, grids["gate"].zero) == (1 / 256, -128)


def test_maps_that_are_not_finite_are_refused_by_name():
    ready = network()
    ready.weights["a.weight"][0] = 3e38
    with pytest.raises(FeatherboneError, match="what a of some writes is not finite"):
        quantize(ready, noise(ready.graph, 16))


def test_one_image_that_makes_no_number_is_enough():
    ready = network()
    images = noise(ready.graph, 40)
    images[35, 0, 0, 0] = float("nan")  # not in the first batch
    shared = shared_grids(ready.graph)
    with pytest.raises(FeatherboneError, match="what image of some writes is not finite"):
        observe(ready, shared, images)


def test_maps_of_nothing_but_zeros_have_a_grid():
    ready = network()
    for key in ("a.weight", "a.bias"):
        ready.weights[key].zero_()
    found = quantize(ready, noise(ready.graph, 16))
    assert found.agreement == 1
