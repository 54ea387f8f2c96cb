"""Narrowing equals masking: on every network of the zoo, and on networks with odd wiring."""

import numpy as np
import pytest
import torch
from narrowing import check_law, lively_weights, random_cut, smallest

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, channel_sets, image, narrow_graph
from featherbone.networks import NETWORKS
from featherbone.rewrite import narrow

CLOSE = 1e-5  # relative
SMALL = {"width": 0.5}  # where a network has the setting
# Blocks and wiring that a smaller network has too, for many seconds of weights.
LARGE = {
    *("vgg11", "inception_v3", "xception", "se_resnet50", "efficientnet_lite2", "repghostnet"),
    *("vgg13", "vgg16", "vgg19", "cifar_resnet32", "cifar_resnet44", "cifar_resnet56", "cifar_resnet110"),
    *("resnet34", "resnet101", "resnet152", "resnext101_32x4d", "se_resnet101", "se_resnet152", "se_resnext101_32x4d"),
    *("senet154", "regnetx_600mf", "regnetx_800mf", "regnety_600mf", "regnety_800mf", "alexnet_single_column"),
    *("efficientnet_lite1", "efficientnet_lite3", "efficientnet_lite4", "tinynet_b", "tinynet_c", "tinynet_d"),
    *("mobileone_s1", "mobileone_s2", "mobileone_s3", "mobileone_s4", "regnet", "se_resnext50_32x4d"),
}


def obeys(graph: Graph, share: float, seed: int) -> float:
    """Cut a random share of the sets, and check that masking computes the same; the share of MACs that is left."""
    weights, sets = lively_weights(graph, seed), channel_sets(graph)
    cut = random_cut(sets, share, seed)
    small = narrow(graph, weights, cut, sets=sets)
    assert check_law(graph, weights, sets, cut, small) < CLOSE
    return count(small.graph).macs / count(graph).macs


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in LARGE])
def test_a_narrowed_network_of_the_zoo_computes_what_the_masked_one_does(name):
    settings = {key: value for key, value in SMALL.items() if key in NETWORKS[name].settings}
    assert obeys(smallest(name, **settings), 0.4, seed=len(name)) < 0.85


@pytest.mark.parametrize("name", ["vgg19", "inception_v3", "xception", "senet154", "tinynet_d", "mobileone_s2"])
def test_a_large_network_of_the_zoo_is_narrowed_to_a_network(name):
    graph = smallest(name)
    sets = channel_sets(graph)
    assert count(narrow_graph(graph, random_cut(sets, 0.4), sets=sets)).macs < 0.5 * count(graph).macs


def cut_of(graph: Graph, space: str, some: slice) -> list[int]:
    """Some of the sets of a space, by its name."""
    return [*next(each for each in channel_sets(graph).spaces if each.name == space).sets[some]]


def tiny() -> Graph:
    x = image(3, 8).conv(6, 3, bias=True, name="a").norm().act("sigmoid")
    return x.global_pool().flatten().linear(4, name="out").graph("tiny")


def test_which_channels_were_kept_is_said_by_node():
    small = narrow(tiny(), lively_weights(tiny()), cut_of(tiny(), "a", slice(1, 4)))
    assert small.kept == {"image": (0, 1, 2), **dict.fromkeys(("a", "a_norm", "a_act", "pool", "flatten"), (0, 4, 5)),
                          "out": (0, 1, 2, 3)}  # fmt: skip
    assert (
        small.weights["a_norm.running_var"].tolist() == lively_weights(tiny())["a_norm.running_var"][[0, 4, 5]].tolist()
    )


def test_nothing_cut_is_the_same_network_with_weights_of_its_own():
    weights = lively_weights(tiny())
    same = narrow(tiny(), weights, [])
    assert same.graph == tiny()
    assert all(torch.equal(same.weights[name], weights[name]) for name in weights)
    assert not {each.data_ptr() for each in weights.values()} & {each.data_ptr() for each in same.weights.values()}


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        ([99], "tiny has no set of channels 99; its sets are 0 to 12"),
        ([-1], "no set of channels -1"),
        (["stem"], "no set of channels 'stem'"),
        ([3.0], "no set of channels 3.0"),
        ([0], r"set 0 of tiny \(image\) can't be cut: it is an input"),
        ([12], r"set 12 of tiny \(out\) can't be cut: it is an output"),
        (
            range(3, 9),
            "cutting all 6 sets of a would leave none of its 6 channels .keep at least one of the sets 3, 4,",
        ),
    ],
)
def test_a_cut_that_cannot_be_is_refused_in_a_sentence(cut, said):
    with pytest.raises(FeatherboneError, match=said):
        narrow(tiny(), lively_weights(tiny()), cut)


def test_weights_of_another_network_are_refused():
    weights = lively_weights(tiny())
    weights["a.weight"][0, 0, 0, 0] = float("nan")
    with pytest.raises(FeatherboneError, match=r"a\.weight holds numbers that are not finite"):
        narrow(tiny(), weights, [])


def test_numbers_of_sets_may_be_those_of_numpy():
    weights = lively_weights(tiny())
    assert narrow(tiny(), weights, np.array([4, 6])).kept == narrow(tiny(), weights, [4, 6]).kept
