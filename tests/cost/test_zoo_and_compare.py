"""The zoo answers with exact counts and the best published accuracy; compare, with differences from the first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featherbone.cost import compare, count, peak_memory, zoo
from featherbone.cost.limit import Limit
from featherbone.cost.published import published
from featherbone.cost.zoo import COLUMNS
from featherbone.errors import FeatherboneError
from featherbone.graph import image, symbols
from featherbone.networks import network


@pytest.mark.parametrize("limits", [{"macs": "<300M", "params": "<4M"}, {"peak_memory": "<=2MB"}, {"top1": ">75"}])
def test_what_it_lists_passes_and_what_passes_is_listed(limits: dict[str, str]) -> None:
    listed = zoo(limits)
    assert listed
    wanted = [Limit.read(what, text, among=COLUMNS) for what, text in limits.items()]
    passing = [entry for entry in zoo() if all(limit.holds(getattr(entry, limit.what)) for limit in wanted)]
    assert listed == passing
    assert len(listed) < len(zoo())


def test_its_costs_are_the_counts_and_its_accuracy_the_best_published() -> None:
    for entry in zoo({"macs": "<100M"}):
        graph = network(entry.network)
        assert (entry.params, entry.macs, entry.activations) == (
            count(graph).params,
            count(graph).macs,
            count(graph).activations,
        )
        assert entry.peak_memory == peak_memory(graph).bytes
        rows = [row for row in published() if row.network == entry.network and row.top1 is not None]
        assert entry.top1 == max(row.top1 or 0 for row in rows)
        assert any(row.source in entry.source for row in rows if row.top1 == entry.top1)


def test_order() -> None:
    accuracies = [entry.top1 for entry in zoo()]
    assert accuracies == sorted(accuracies, reverse=True)
    assert [(-entry.top1, entry.macs) for entry in zoo()] == sorted((-entry.top1, entry.macs) for entry in zoo())
    assert len({entry.network for entry in zoo()}) == len(accuracies)
    for column in COLUMNS[:-1]:
        costs = [getattr(entry, column) for entry in zoo(sort=column)]
        assert costs == sorted(costs)


def test_results_with_more_data_only_where_asked() -> None:
    usual = next(entry for entry in zoo() if entry.network == "resnext50_32x4d")
    more = next(entry for entry in zoo(more_data=True) if entry.network == "resnext50_32x4d")
    assert "swsl" not in usual.source
    assert "swsl" in more.source
    assert more.top1 > usual.top1


@pytest.mark.parametrize(
    ("what", "text", "sign", "bound"),
    [
        ("macs", "<300M", "<", 300_000_000),
        ("macs", "300M", "<=", 300_000_000),
        ("params", ">= 1.5M", ">=", 1_500_000),
        ("peak_memory", "<2MiB", "<", 2**21),
        ("top1", "70", ">=", 70.0),
        ("top1", ">70.5%", ">", 70.5),
    ],
)
def test_limits_are_read(what: str, text: str, sign: str, bound: float) -> None:
    limit = Limit.read(what, text, among=COLUMNS)
    assert (limit.sign, limit.bound) == (sign, bound)


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_a_limit_is_its_sign(bound: int, value: int) -> None:
    held = {sign: Limit.read("macs", f"{sign}{bound}", among=COLUMNS).holds(value) for sign in ("<", "<=", ">", ">=")}
    assert held == {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}


@pytest.mark.parametrize(
    ("limits", "sort", "message"),
    [
        ({"mac": "<3M"}, "top1", "did you mean macs"),
        ({"macs": "<3m"}, "top1", "two ways"),
        ({"macs": "="}, "top1", "not a number"),
        ({"macs": ""}, "top1", "is empty"),
        ({"top1": ">many"}, "top1", "not a number of percent"),
        ({}, "accuracy", "cannot sort by 'accuracy'"),
    ],
)
def test_what_it_refuses(limits: dict[str, str], sort: str, message: str) -> None:
    with pytest.raises(FeatherboneError, match=message):
        zoo(limits, sort)


def test_compare_gives_values_and_differences_from_the_first() -> None:
    first, second = compare([network("mobilenet_v1"), network("mobilenet_v2")])
    assert (first.macs.difference, first.macs.share) == (0, 0.0)
    assert second.params.value - first.params.value == second.params.difference
    assert second.macs.share == pytest.approx(300_774_272 / 568_740_352 - 1)
    assert (first.depth.value, second.depth.value) == (28, 53)
    assert (second.macs.value, second.macs.difference) == (300774272, -267966080)


@pytest.mark.parametrize(("label", "layers"), [("linear", 2), ("conv2d", 2), ("conv_transpose1d", 2), ("matmul", 1)])
def test_layers_count_where_only_their_weights_or_inputs_keep_them_out_of_the_vocabulary(
    label: str, layers: int
) -> None:
    """As of tokens, and of weights that are unpacked first."""
    graph = image(3, 8).conv(4, 3).opaque(label, (5, 8), weights=(("weight", (5, 4)),), macs=160).graph("g")
    assert compare([graph])[0].depth.value == layers


def test_compare_of_nothing_and_of_symbols_is_refused() -> None:
    with pytest.raises(FeatherboneError, match="nothing to compare"):
        compare([])
    with pytest.raises(FeatherboneError, match="symbolic"):
        compare([image(3, symbols("I")[0]).conv(4, 3).graph("g")])


def test_no_share_of_nothing() -> None:
    pool = image(3, 8).max_pool(2).graph("pool")
    _, other = compare([pool, image(3, 8).conv(4, 3).graph("conv")])
    assert other.macs.share is None
    assert other.macs.difference == other.macs.value
