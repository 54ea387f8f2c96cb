"""Latencies of many designs at once are those of their graphs; what is too slow is not proposed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.latency.designs import DesignLatencies
from featherbone.latency.kernel import Kernel
from featherbone.latency.predictor import Predictor, kernels_of
from featherbone.latency.store import Bench
from featherbone.networks import network
from featherbone.search import Budget, Design, LatencyLimit, SpaceCosts, named_space, sample
from featherbone.search.propose.zoo_scaled import scaled_zoo
from featherbone.search.space.matrix import encode

BENCH = Bench(cpu="a", runtime="onnxruntime", version="1", threads=1, block=16)


@cache
def costs_with(name: str, side: int, margin: float = 0.0) -> SpaceCosts:
    """A space on a made-up machine: a microsecond for each kernel, a nanosecond for each value written."""
    space = named_space(name, (side,))
    plain = SpaceCosts(space, classes=4, channels=3)
    measured: dict[str, float] = {}
    for macs in (200_000, 1_000_000, 5_000_000):
        for design in sample(plain, Budget(macs=macs), 15, seed=1):
            for text in kernels_of(design.graph(classes=4, channels=3), block=16):
                kernel = Kernel.parse(text)
                height, width = kernel.family.side_out
                measured[text] = 1e-6 + 1e-9 * kernel.channels_out * height * width
    predictor = Predictor(bench=BENCH, measured=measured, calibration=(1e-6, 1e-7, 1.1, 0.9), margin=margin)
    model = DesignLatencies(space, classes=4, channels=3, predictor=predictor)
    return SpaceCosts(space, classes=4, channels=3, latency=model)


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet", "squeezenet"])
def test_rows_take_what_their_graphs_take(name: str) -> None:
    costs = costs_with(name, 16)
    assert costs.latency is not None
    designs = sample(SpaceCosts(costs.space, classes=4, channels=3), Budget(macs=2_000_000), 12, seed=2)
    found = costs.latency.milliseconds(encode(costs.space, designs))
    expected = [costs.latency.of_graph(design.graph(classes=4, channels=3)) for design in designs]
    assert found == pytest.approx(expected, rel=1e-9)


def test_groups_that_are_as_many_as_the_channels_of_another_width_are_not_depthwise() -> None:
    costs = costs_with("shufflenet_v1", 16)
    assert costs.latency is not None
    texts = (
        "w64 t4 g8 | shuffle_unit w256 s2 t4 g8",
        "w80 t4 g4 | shuffle_unit w96 d3 s2 t4 g8 | shuffle_unit w384 s2 t4 g8",
    )
    designs = [Design.parse(f"r16 | stem w64 | shuffle_unit {text}") for text in texts]
    found = costs.latency.milliseconds(encode(costs.space, designs))
    expected = [costs.latency.of_graph(design.graph(classes=4, channels=3)) for design in designs]
    assert found == pytest.approx(expected, rel=1e-9)


def test_wider_rows_after_narrow_ones_take_the_same_as_alone() -> None:
    costs = costs_with("mobilenet_v2", 16)
    model = costs.latency
    assert isinstance(model, DesignLatencies)
    wide = sample(SpaceCosts(costs.space, classes=4, channels=3), Budget(macs=30_000_000), 5, seed=2)
    rows = encode(costs.space, wide)
    fresh = DesignLatencies(costs.space, classes=4, channels=3, predictor=model.predictor)
    assert fresh.milliseconds(rows[:1]) == pytest.approx(model.milliseconds(rows)[:1])


def test_what_is_predicted_to_be_too_slow_is_not_proposed() -> None:
    costs = costs_with("mobilenet_v2", 16, margin=0.1)
    assert costs.latency is not None
    budget = Budget(macs=5_000_000, latency=LatencyLimit(ms=0.08))
    designs = sample(costs, budget, 30, seed=0)
    times = costs.latency.milliseconds(encode(costs.space, designs))
    assert len(designs) == 30
    assert max(times) * 1.1 <= 0.08
    assert np.mean(times) * 1.1 > 0.05  # the limit is used
    assert [each.latency for each in costs.each(designs)] == pytest.approx(times.tolist())


def test_an_impossible_latency_is_refused_with_the_fastest_design_and_a_budget_that_works() -> None:
    costs = costs_with("mobilenet_v2", 16)
    with pytest.raises(FeatherboneError, match=r"the fastest design, r16 .* is predicted to take up to") as refused:
        sample(costs, Budget(params=50_000, latency=LatencyLimit(ms=0.001)), 1, seed=0)
    hint = refused.value.hint or ""
    assert "--params 50000 --latency" in hint
    nearest = float(hint.rpartition(" ")[2].removesuffix("ms"))
    assert sample(costs, Budget(params=50_000, latency=LatencyLimit(ms=nearest)), 1, seed=0)


def test_networks_of_the_zoo_are_as_wide_as_the_latency_allows() -> None:
    costs = costs_with("mobilenet_v2", 16)
    images = {"classes": 4, "channels": 3, "resolutions": [16], "names": ["mobilenet_v2"]}
    widths = []
    for ms in (0.3, 0.45):
        (found,) = scaled_zoo(Budget(latency=LatencyLimit(ms=ms)), latency=costs.latency, **images)
        assert found.costs.latency is not None
        assert found.costs.latency <= ms
        assert costs.latency is not None
        wider = network(found.spec.replace(f"width={found.hundredths / 100}", f"width={(found.hundredths + 1) / 100}"))
        assert costs.latency.of_graph(wider) > ms
        widths.append(found.hundredths or 0)
    assert widths == sorted(widths)
    with pytest.raises(FeatherboneError, match="no latency model"):
        scaled_zoo(Budget(latency=LatencyLimit(ms=1)), **images)
