"""What a budget accepts, and what it says of a network's costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.search import Budget, Costs, Design, LatencyLimit, SpaceCosts, costs_of, named_space, sample
from featherbone.search.costs.file_size import float_bytes, int8_bytes

COSTS = Costs(macs=100, params=10, peak_memory=1000, size=5000)


@pytest.mark.parametrize("limits", [{"macs": 0}, {"params": -1}, {"peak_memory": 1.5}, {"size": True}, {}])
def test_a_limit_is_a_whole_number_above_zero_and_one_is_needed(limits: dict[str, int]) -> None:
    with pytest.raises(FeatherboneError, match="budget"):
        Budget(**limits)


def test_a_limit_is_met_by_equality_and_breached_by_one_more() -> None:
    assert Budget(macs=100, params=10, peak_memory=1000, size=5000).breaches(COSTS) == ()
    assert Budget(macs=99, params=10, peak_memory=999, size=5000).breaches(COSTS) == ("macs", "peak_memory")
    assert Budget(params=9).use(COSTS) == pytest.approx(10 / 9)


def test_a_written_model_file_is_smaller_than_its_costs_say(tmp_path) -> None:
    from featherbone.nn import Model, Preprocessing, module, save_model, weights_of

    costs = SpaceCosts(named_space("light", (32,)), classes=10, channels=3)
    for design in sample(costs, Budget(params=30_000), 5, seed=3):
        graph = design.graph(classes=10, channels=3)
        model = Model(
            graph=graph,
            weights=weights_of(module(graph, seed=0)),
            classes=tuple("abcdefghij"),
            preprocessing=Preprocessing(resolution=32, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3),
        )
        save_model(tmp_path / "model.safetensors", model)
        written, promised = (tmp_path / "model.safetensors").stat().st_size, costs_of(graph).size
        assert written <= promised <= 1.25 * written + 8192, str(design)


def test_the_int8_size_is_a_byte_a_weight_a_scale_a_channel_and_a_bias_where_there_is_a_norm() -> None:
    graph = Design.parse("r8 | stem w8 | depthwise_separable w12 se").graph(classes=5, channels=3)
    weights = 3 * 8 * 9 + 8 * 9 + 8 * 12 + 2 * 12 * 3 + 12 * 5
    channels = 8 + 8 + 12 + 3 + 12 + 5  # of convolutions and the classifier: one scale and one bias each
    assert int8_bytes(graph) == weights + 8 * channels
    costs = costs_of(graph)
    assert costs.size - costs.int8_size == float_bytes(graph) - int8_bytes(graph)
    unfolded = image(3, 4).norm().conv(2, 1).graph("unfolded")  # no convolution stands before the norm
    assert int8_bytes(unfolded) == 4 * 12 + 6 + 4 * 2


@pytest.mark.parametrize(
    "wrong", [{"ms": 0}, {"ms": float("inf")}, {"ms": "10ms"}, {"ms": 1, "threads": 0}, {"ms": 1, "runtime": ""}]
)
def test_a_latency_limit_is_a_time_a_runtime_and_threads(wrong: dict[str, Any]) -> None:
    with pytest.raises(FeatherboneError, match="latency limit"):
        LatencyLimit(**wrong)


def test_a_latency_is_compared_where_it_is_known() -> None:
    budget = Budget(macs=200, latency=LatencyLimit(ms=2))
    assert budget.limits() == {"macs": 200, "latency": 2}
    assert budget.breaches(replace(COSTS, latency=2.5)) == ("latency",)
    assert budget.breaches(replace(COSTS, latency=2.0)) == ()
    with pytest.raises(FeatherboneError, match="no latency model"):
        budget.breaches(COSTS)
    with pytest.raises(FeatherboneError, match="name its runtime"):
        Budget(latency=10)


def test_both_notations_are_one_budget() -> None:
    written = {"macs": "12.5M", "params": "80k", "memory": "512KiB", "size": "1MB", "int8_size": "100KB"}
    line = " ".join(f"{name}<={value}" for name, value in written.items())
    budget = Budget.read(**written, latency="10ms", threads=2)
    assert budget == Budget.read(f"{line}, latency<10ms", threads=2)
    assert budget.limits() == {
        "macs": 12_500_000,
        "params": 80_000,
        "peak_memory": 524_288,
        "size": 10**6,
        "int8_size": 10**5,
        "latency": 10,
    }
    assert Budget.read("macs<100", params="<11").limits() == {"macs": 99, "params": 10}


@pytest.mark.parametrize(
    ("text", "flags", "said"),
    [
        ("", {}, "at least one limit"),
        ("macs>300M", {}, "limits macs from above, and 'macs > 300.0 M' does not"),
        ("", {"macs": ">=5M"}, "limits macs from above"),
        ("macs<300M macs<200M", {}, "macs is limited twice"),
        ("memory<4KiB", {"peak_memory": "8KiB"}, "peak_memory is limited twice"),
        ("top1>70", {}, "no limit can be set on 'top1'"),
        ("", {"flops": "3M"}, "no limit can be set on 'flops'"),
        ("", {"memory": "2M"}, "--memory '2M' can be read two ways"),
        ("macs<1", {}, "macs is 0; it must be a whole number above 0"),
    ],
)
def test_what_is_no_budget_is_refused(text: str, flags: dict[str, str], said: str) -> None:
    with pytest.raises(FeatherboneError) as refusal:
        Budget.read(text, **flags)
    assert said in str(refusal.value)
