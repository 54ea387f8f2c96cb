"""Facts of networks are read off their graphs; what their papers' tables say is here."""

from __future__ import annotations

import pytest

from featherbone.errors import FeatherboneError
from featherbone.search.propose.network_facts import network_facts
from featherbone.search.propose.prior import RIGHT
from featherbone.search.propose.zoo_patterns import PATTERNS

DEPTHS = {
    "mlperf_tiny_resnet8": (1, 1, 1),
    "cifar_resnet20": (3, 3, 3),
    "cifar_resnet32": (5, 5, 5),
    "cifar_resnet44": (7, 7, 7),
    "cifar_resnet56": (9, 9, 9),
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "mobilenet_v1": (1, 2, 2, 6, 2),
    "mobilenet_v2": (1, 2, 3, 7, 4),
    "efficientnet_b0": (1, 2, 2, 6, 5),
    "shufflenet_v2": (4, 8, 4),
    "squeezenet1_1": (2, 2, 4),
}
ACTS = {"mobilenet_v2": "relu6", "efficientnet_b0": "silu"}
HEADS = {"mobilenet_v2", "efficientnet_b0", "shufflenet_v2"}


@pytest.mark.parametrize("name", DEPTHS)
def test_a_network_is_what_its_paper_says(name: str) -> None:
    found = network_facts(name)
    assert (found.depths, found.act, found.se, found.head) == (
        DEPTHS[name],
        ACTS.get(name, "relu"),
        name == "efficientnet_b0",
        name in HEADS,
    )


def test_every_pattern_has_its_depths_here() -> None:
    assert PATTERNS.keys() == DEPTHS.keys()


def test_the_blocks_that_are_right_are_those_of_resnet20() -> None:
    assert sum(network_facts("cifar_resnet20").depths) == RIGHT


def test_an_unknown_network_has_none() -> None:
    with pytest.raises(FeatherboneError, match="resnet8"):
        network_facts("resnet8")
