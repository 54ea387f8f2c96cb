import pytest

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, channel_sets, image
from featherbone.rewrite.cutting.elimination import Elimination
from featherbone.rewrite.cutting.plan import plan_cut, require_possible
from featherbone.rewrite.cutting.prices import Amount

GRAPH = image(3, 8).conv(8, 3, name="a").act("relu").conv(8, 3, name="b").act("relu").conv(4, 3, name="c").graph("tiny")


def macs(graph: Graph) -> dict[str, Amount]:
    counted = count(graph)
    return {"macs": Amount(total=counted.macs, nodes={row.name: row.macs for row in counted.rows if row.macs})}


def losses(**costs: float) -> dict[int, Elimination]:
    """For each width of the graph, by its layer, what each of its sets costs: the first ones first."""
    found = {}
    for place, space in enumerate(channel_sets(GRAPH).spaces):
        if space.name in costs:
            order = tuple(range(len(space.sets) - 1))
            each = costs[space.name]
            found[place] = Elimination(order=order, costs=tuple(each * (at + 1) for at in order), matrices={})
    return found


def widths(graph: Graph) -> tuple[int, ...]:
    return tuple(int(graph[name].shape[0]) for name in ("a", "b", "c"))


@pytest.mark.parametrize("limit", [20_000, 40_000, 60_000])
def test_the_plan_keeps_the_limit_and_no_set_more_is_cut_than_that_takes(limit: int) -> None:
    plan = plan_cut(channel_sets(GRAPH), losses(a=1.0, b=1.0), {"macs": limit}, macs)
    assert count(plan.graph).macs <= limit < count(GRAPH).macs
    fewer = [plan_cut(channel_sets(GRAPH), losses(a=1.0, b=1.0), {"macs": limit + more}, macs) for more in (0, 4000)]
    assert len(fewer[1].cut) <= len(fewer[0].cut)
    assert plan.loss > 0


def test_what_loses_less_goes_first() -> None:
    dear_a = widths(plan_cut(channel_sets(GRAPH), losses(a=100.0, b=1.0), {"macs": 40_000}, macs).graph)
    dear_b = widths(plan_cut(channel_sets(GRAPH), losses(a=1.0, b=100.0), {"macs": 40_000}, macs).graph)
    assert dear_a[0] > dear_a[1]
    assert dear_b[0] < dear_b[1]
    assert dear_a[2] == dear_b[2] == 4


def test_a_set_counts_for_no_more_than_is_left_to_save() -> None:
    def quantity(graph: Graph) -> dict[str, Amount]:  # a set of a saves 100, one of b 10
        a, b, _ = widths(graph)
        return {"quantity": Amount(total=100.0 * a + 10.0 * b, nodes={"a": 100.0 * a, "c": 10.0 * b})}

    plan = plan_cut(channel_sets(GRAPH), losses(a=1.0, b=0.4), {"quantity": 870.0}, quantity)
    assert widths(plan.graph) == (8, 7, 4)


def test_a_limit_that_no_cut_keeps_is_refused_with_what_is_left() -> None:
    with pytest.raises(FeatherboneError, match=r"with one set .* tiny still has macs [\d,.e+]+ \(at most 100\)"):
        plan_cut(channel_sets(GRAPH), losses(a=1.0, b=1.0), {"macs": 100}, macs)


def test_what_no_cut_keeps_is_refused_before_anything_is_weighed() -> None:
    with pytest.raises(FeatherboneError, match="with one set of channels left of each width"):
        require_possible(channel_sets(GRAPH), {"macs": 100}, macs)
    require_possible(channel_sets(GRAPH), {"macs": 60_000}, macs)


def test_several_limits_are_kept_together() -> None:
    def both(graph: Graph) -> dict[str, Amount]:
        counted = count(graph)
        params = {row.name: row.params for row in counted.rows if row.params}
        return {**macs(graph), "params": Amount(total=counted.params, nodes=params)}

    plan = plan_cut(channel_sets(GRAPH), losses(a=1.0, b=1.0), {"macs": 60_000, "params": 500}, both)
    assert count(plan.graph).macs <= 60_000
    assert count(plan.graph).params <= 500


@pytest.mark.parametrize("multiple", [2, 4, 8])
def test_widths_are_multiples_as_far_as_they_are_larger_and_their_halves_below(multiple: int) -> None:
    graph = image(3, 8).conv(24, 3, name="a").act("relu").conv(20, 3, name="b").act("relu").conv(4, 3).graph("tiny")
    sets = channel_sets(graph)
    curves = {}
    for place, space in enumerate(sets.spaces):
        if not space.fixed:
            order = tuple(range(len(space.sets) - 1))
            curves[place] = Elimination(order=order, costs=tuple(float(at + 1) for at in order), matrices={})
    whole = int(count(graph).macs)
    seen = set()
    for share in (0.9, 0.7, 0.5, 0.3, 0.1, 0.03):
        plan = plan_cut(sets, curves, {"macs": share * whole}, macs, multiple=multiple)
        assert count(plan.graph).macs <= share * whole
        seen |= {(name, int(plan.graph[name].shape[0])) for name in ("a", "b")}
    allowed = {count for count in range(1, 25) if count % multiple == 0 or multiple % count == 0}
    assert {width for name, width in seen if name == "a"} <= allowed
    assert {width for name, width in seen if name == "b"} <= allowed | {20}
    assert len(seen) > 3
