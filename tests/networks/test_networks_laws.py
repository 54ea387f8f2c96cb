"""What is true of every network: its text, its names, its shapes, its small-image form, its smallest image."""

from __future__ import annotations

import re

import pytest

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, from_json, to_json
from featherbone.networks import NETWORKS, network

SMALL = [name for name, entry in NETWORKS.items() if "small" in entry.settings]


@pytest.mark.parametrize("name", NETWORKS)
def test_text_and_back(name: str) -> None:
    graph = network(name)
    again = from_json(to_json(graph))
    assert again == graph
    assert again.parameters() == graph.parameters()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_called_by_its_name(name: str) -> None:
    entry = NETWORKS[name]
    assert network(name).name == entry.name == name
    assert entry.summary.endswith(".")
    assert entry.paper


@pytest.mark.parametrize("name", NETWORKS)
def test_nodes_have_readable_names(name: str) -> None:
    """A stage and a name for each node, and no number that only keeps two nodes apart."""
    names = [node.name for node in network(name).nodes]
    assert names[0] == "image"
    assert all("." in node for node in names[1:])
    numbered = [node for node in names if re.search(r"_[0-9]+($|_norm|_act)", node)]
    assert not numbered
    assert sum(node == "head.classifier" for node in names) == 1


@pytest.mark.parametrize("name", NETWORKS)
def test_classes_and_channels_change_the_ends_only(name: str) -> None:
    usual, other = network(name), network(name, classes=7, image_channels=1)
    assert other.output_shape == (7,)
    assert other.input_shape == (1, *usual.input_shape[1:])
    assert [node.name for node in other.nodes] == [node.name for node in usual.nodes]
    changed = [key for key, shape in usual.parameters().items() if other.parameters()[key] != shape]
    reading = [node.name for node in usual.nodes if "image" in node.inputs]  # one, or branches side by side
    first = [f"{name}.weight" for name in reading]
    last = [key for key in usual.parameters() if key.startswith("head.classifier.")]
    assert changed == [*first, *last]
    assert "head.classifier.weight" in last


@pytest.mark.parametrize("name", SMALL)
def test_small_form(name: str) -> None:
    """Made for 32×32, and wide maps where the large form would have none left."""
    small = network(name, small=True, classes=10)
    assert small.input_shape == (3, 32, 32)
    assert small.output_shape == (10,)
    if not name.startswith("vgg"):
        assert _last_side(small) >= 4
        assert _last_side(network(name, small=True, resolution=8)) >= 1
    with pytest.raises(FeatherboneError, match=r"resolution is 7; this network needs a whole number of at least"):
        network(name, small=True, resolution=7)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_smallest_image_that_is_allowed_can_be_built(name: str) -> None:
    with pytest.raises(FeatherboneError) as refused:
        network(name, resolution=1)
    found = re.fullmatch(
        r"resolution is 1; this network needs a whole number of at least ([0-9]+)", refused.value.sentence
    )
    assert found
    smallest = int(found[1])
    assert _last_side(network(name, resolution=smallest)) >= 1
    with pytest.raises(FeatherboneError, match=f"resolution is {smallest - 1}"):
        network(name, resolution=smallest - 1)


@pytest.mark.parametrize("name", [name for name, entry in NETWORKS.items() if "width" in entry.settings])
def test_wider_costs_more(name: str) -> None:
    widths = (0.5, 1, 1.5, 2)
    costs = [count(network(name, width=width)) for width in widths]
    assert [cost.params for cost in costs] == sorted({cost.params for cost in costs})
    assert [cost.macs for cost in costs] == sorted({cost.macs for cost in costs})


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in ("alexnet", "alexnet_single_column")])
def test_parameters_do_not_depend_on_the_resolution(name: str) -> None:
    """But for the linear layers that read a whole map: AlexNet's and VGG's."""
    usual, larger = network(name), network(name, resolution=352)
    read = {key: shape for key, shape in usual.parameters().items() if key != "head.hidden1.weight"}
    assert read.items() <= larger.parameters().items()


def _last_side(graph: Graph) -> int:
    """The side of the map that the head reads."""
    head = graph["head.pool" if "head.pool" in graph else "head.flatten"]
    return graph[head.inputs[0]].shape[-1]
