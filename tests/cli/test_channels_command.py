"""``featherbone channels``: what can be cut, what it costs, and what can't be and why."""

import json

from featherbone.cost import count
from featherbone.graph import branches, channel_sets, drop_branches, image, narrow_graph, to_json
from featherbone.networks import network


def test_spaces_with_their_costs_and_reasons(featherbone):
    ended = featherbone("channels", "squeezenet")
    lines = [line.split() for line in ended.out.splitlines()]
    assert ended.code == 0
    assert ["fire9.squeeze", "fire9.expand1,", "fire9.expand3", "64", "64", "519.2", "k", "3.1", "k"] in lines
    assert ["head.classifier", "it", "is", "an", "output", "of", "the", "network", "1,000"] in lines


def test_json_holds_every_set_and_numbers_that_a_cut_keeps(featherbone):
    document = json.loads(featherbone("channels", "shufflenet_v1:width=0.5,resolution=32", "--json").out)
    graph = network("shufflenet_v1", width=0.5, resolution=32)
    sets = channel_sets(graph)
    assert (document["sets"], document["free"]) == (len(sets.sets), len(sets.free))
    assert sorted(number for space in document["spaces"] for number in space["sets"]) == [*range(document["sets"])]
    for space in document["spaces"]:
        if space["fixed"] is None:
            left = count(narrow_graph(graph, space["sets"][-1:]))
            assert space["macs"] == count(graph).macs - left.macs
            assert space["params"] == count(graph).params - left.params
            assert space["macs"] > 0
        else:
            assert "macs" not in space
    assert [block["name"] for block in document["blocks"]] == [branch.name for branch in branches(graph)]
    assert document["blocks"][0]["macs"] == count(graph).macs - count(drop_branches(graph, ["stage2.block2"])).macs


def test_blocks_that_can_be_left_out_are_listed(featherbone):
    lines = [line.split() for line in featherbone("channels", "mobilenet_v2").out.splitlines()]
    assert ["stage2.block2", "stage2.block1.project_norm", "25.7", "M", "8.8", "k"] in lines
    assert "blocks that can be left out" not in featherbone("channels", "vgg11").out


def test_what_is_outside_the_vocabulary_is_named(featherbone, tmp_path):
    x = image(3, 8).conv(4, 3, name="a").opaque("fft", (4, 8, 8), name="f").pointwise(5, name="b")
    (tmp_path / "net.json").write_text(to_json(x.graph("net")))
    ended = featherbone("channels", tmp_path / "net.json")
    assert "net: no channel can be cut" in ended.out
    assert "fft is outside the vocabulary (f)" in ended.out


def test_an_unknown_network_is_refused(featherbone):
    ended = featherbone("channels", "shufflenet_v3")
    assert ended.code == 2
    assert "shufflenet_v2" in ended.err
