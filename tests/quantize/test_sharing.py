"""Maps share a grid where one grid is enough, and only there."""

from featherbone.graph import concat, image
from featherbone.quantize.sharing import shared_grids


def grids(wire):
    return {each.nodes: each.observed for each in shared_grids(wire.graph("some"))}


def test_a_relu_shares_the_grid_of_what_only_it_reads():
    x = image(3, 8).conv(4, 3, name="a")
    assert grids(x.act("relu6", name="r").conv(4, 3, name="b"))[("a", "r")] == "r"
    both = x.act("relu", name="r") + x
    assert ("a",) in grids(both)
    assert ("r",) in grids(both)


def test_halves_of_a_map_of_which_one_is_clipped_keep_what_is_below_zero():
    left, right = image(3, 8).conv(4, 3, name="a").split(2)
    found = grids(concat(left.act("relu", name="r"), right))
    (halves,) = [nodes for nodes in found if nodes[0] == "a"]
    assert len(halves) == 3
    assert found[halves] == "a"
    assert ("r",) in found


def test_an_answer_and_an_input_keep_their_own():
    assert ("image",) in grids(image(3, 8).act("relu", name="r"))
