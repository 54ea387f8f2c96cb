import pytest

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, channel_sets, image, scope
from featherbone.rewrite.cutting.elimination import Elimination
from featherbone.rewrite.cutting.means import Means
from featherbone.rewrite.cutting.mixed_plan import plan_mixed, require_reachable
from featherbone.rewrite.cutting.prices import Amount
from featherbone.rewrite.cutting.weigh import Weighed


def macs(graph: Graph) -> dict[str, Amount]:
    counted = count(graph)
    return {"macs": Amount(total=counted.macs, nodes={row.name: row.macs for row in counted.rows if row.macs})}


def residual() -> Graph:
    x = image(3, 8).conv(8, 3, name="stem")
    for number in (1, 2, 3):
        with scope(f"block{number}"):
            x = x + x.conv(16, 3, name="in").act("relu").conv(8, 3, name="out")
    return x.global_pool().flatten().linear(4, name="classes").graph("residual")


GRAPH = residual()
BLOCK = 2 * 9 * 8 * 16 * 64


def weighed(blocks: dict[str, float], channel: float) -> Weighed:
    """Blocks of these losses, and channels each of which loses as much more than the one before it."""
    sets = channel_sets(GRAPH)
    widths = {}
    for place, space in enumerate(sets.spaces):
        if not space.fixed:
            order = tuple(range(len(space.sets) - 1))
            widths[place] = Elimination(order=order, costs=tuple(channel * (at + 1) for at in order), matrices={})
    return Weighed(sets=sets, widths=widths, blocks=blocks)


def test_a_block_goes_that_loses_less_than_channels_and_stays_where_it_loses_more() -> None:
    limit = {"macs": float(count(GRAPH).macs) - 0.9 * BLOCK}
    cheap = plan_mixed(weighed({"block1": 9.0, "block2": 0.1, "block3": 9.0}, channel=1.0), limit, macs)
    assert cheap.dropped == ("block2",)
    assert cheap.cut == ()
    assert cheap.loss == pytest.approx(0.1)
    dear = plan_mixed(weighed({"block1": 900.0, "block2": 900.0, "block3": 900.0}, channel=1.0), limit, macs)
    assert dear.dropped == ()
    assert dear.cut
    for plan in (cheap, dear):
        assert count(plan.graph).macs <= limit["macs"]


def test_channels_do_the_rest_where_a_block_is_not_enough() -> None:
    limit = {"macs": float(count(GRAPH).macs) - 1.5 * BLOCK}
    plan = plan_mixed(weighed({"block1": 50.0, "block2": 0.1, "block3": 50.0}, channel=1.0), limit, macs)
    assert plan.dropped == ("block2",)
    assert plan.cut
    assert "block2.in" not in plan.graph
    assert count(plan.graph).macs <= limit["macs"]
    assert plan.loss > 0.1


def test_without_widths_blocks_alone_keep_the_limit_or_it_is_refused() -> None:
    only = Weighed(sets=channel_sets(GRAPH), widths={}, blocks={"block1": 1.0, "block2": 1.0, "block3": 2.0})
    plan = plan_mixed(only, {"macs": float(count(GRAPH).macs) - 1.5 * BLOCK}, macs)
    assert plan.dropped == ("block1", "block2")
    with pytest.raises(FeatherboneError, match="residual still has macs"):
        plan_mixed(only, {"macs": 1000}, macs)


@pytest.mark.parametrize(
    ("means", "resolutions", "least", "left"),
    [
        (Means(blocks=False), (), 9 * 64 * (3 + 6) + 4, "one set of channels left of each width"),
        (
            Means(),
            (),
            9 * 64 * 3 + 4,
            "one set of channels left of each width and no block that a shortcut goes around",
        ),
        (Means(), (4,), 9 * 16 * 3 + 4, "one set .* and no block that a shortcut goes around and images of 4×4"),
        (
            Means(widths=False),
            (),
            int(count(GRAPH).macs) - 3 * BLOCK,
            "all its channels and no block that a shortcut goes around",
        ),
    ],
)
def test_what_all_means_together_leave_is_the_least_budget(
    means: Means, resolutions: tuple[int, ...], least: int, left: str
) -> None:
    require_reachable(GRAPH, {"macs": least}, macs, means, resolutions)
    with pytest.raises(FeatherboneError, match=f"with {left}, residual still has macs"):
        require_reachable(GRAPH, {"macs": least - 1}, macs, means, resolutions)
