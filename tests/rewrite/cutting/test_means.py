import pytest

from featherbone.cost import count, peak_memory
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.networks import network
from featherbone.rewrite.cutting.means import Means, smaller_resolutions
from featherbone.rewrite.cutting.prices import Amount


def amounts(graph: Graph) -> dict[str, Amount]:
    counted = count(graph)
    known = {"macs": counted.macs, "params": counted.params, "peak_memory": peak_memory(graph).bytes}
    return {what: Amount(total=float(value), nodes={}) for what, value in known.items()}


def test_a_multiple_below_one_is_refused() -> None:
    with pytest.raises(FeatherboneError, match="the multiple is 0; it must be at least 1"):
        Means(multiple=0)


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({"macs": 120e6}, (192, 160)),  # 300 M at 224, 98 M at 128
        ({"params": 1e6}, ()),  # which no resolution changes
        ({"macs": 290e6}, (192,)),  # further than that is more than is asked for
        ({"macs": 120e6, "params": 1e6}, (192, 160, 128)),
    ],
)
def test_resolutions_are_those_that_come_nearer_to_the_limits(limits: dict[str, float], found: tuple[int, ...]) -> None:
    assert smaller_resolutions(network("mobilenet_v2"), limits, amounts) == found


def test_a_network_of_one_resolution_has_none() -> None:
    graph = image(3, 32).conv(4, 3, stride=2).flatten().linear(10).graph("flat")
    assert smaller_resolutions(graph, {"macs": 1}, amounts) == ()
