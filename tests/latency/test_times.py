"""Measured kernels: kept whole, measured once, fitted without a negative part, added up to networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featherbone.graph import Graph, image
from featherbone.json_values import read_value, write_value
from featherbone.latency import measured
from featherbone.latency.calibration import calibrated
from featherbone.latency.kernel import Family, Kernel
from featherbone.latency.kernel_choice import chosen
from featherbone.latency.measured import TOGETHER, Meter
from featherbone.latency.predictor import Predictor, kernels_of
from featherbone.latency.store import Bench, Store
from featherbone.latency.times import fitted, kinds
from featherbone.search import Budget, SpaceCosts, named_space, sample

BENCH = Bench(cpu="a", runtime="onnxruntime", version="1", threads=1, block=16)
ADDS = [f"add plain k1x1 s1x1 g1 in{c}x8x8 out{c}x8x8" for c in range(16, 100, 16)]


def seconds_of(text: str) -> float:
    """A made-up machine: a microsecond a call, and time for what is computed and written."""
    kernel = Kernel.parse(text)
    family = kernel.family
    work: float = kernel.channels_out * family.side_out[0] * family.side_out[1]
    if family.op == "conv":
        fan = 1 if family.groups == 0 else kernel.channels_in / family.groups
        work += fan * work * family.kernel[0] * family.kernel[1] / 8
    return 1e-6 + 1e-9 * work


class Fake:
    """A measuring process that does not measure; ``asked`` holds what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def call(self, function: str, **options: Any) -> Any:
        name = function.removeprefix("featherbone.latency.timing:")
        if name == "block_size":
            return 16
        if name == "time_kernels":
            self.asked += options["texts"]
            return [seconds_of(text) for text in options["texts"]]
        assert name == "time_networks"
        return [1e-4 for _ in options["files"]]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    process = Fake()

    class Context:
        def __init__(self, threads: int) -> None: ...

        def __enter__(self) -> Fake:
            return process

        def __exit__(self, *unused: object) -> None: ...

    monkeypatch.setattr(measured, "fresh_process", Context)
    return process


def test_what_is_known_is_not_measured_again(fake: Fake, tmp_path: Path) -> None:
    with Meter(tmp_path, threads=1) as meter:
        first = meter.kernels(ADDS)
    with Meter(tmp_path, threads=1) as meter:
        assert meter.kernels([*ADDS[1:], "mean plain k1x1 s1x1 g1 in8x4x4 out8x1x1"])[ADDS[1]] == first[ADDS[1]]
    assert fake.asked == [*ADDS, "mean plain k1x1 s1x1 g1 in8x4x4 out8x1x1"]


def test_what_was_measured_before_an_interruption_is_kept(fake: Fake, tmp_path: Path) -> None:
    texts = [f"add plain k1x1 s1x1 g1 in{c}x8x8 out{c}x8x8" for c in range(1, 2 * TOGETHER)]

    def stop(done: int, total: int) -> None:
        if done >= TOGETHER:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Meter(tmp_path, threads=1) as meter:
        meter.kernels(texts, stop)
    with Meter(tmp_path, threads=1) as meter:
        assert len(meter.store.known()) == TOGETHER
        meter.kernels(texts)
    assert len(fake.asked) == len(texts)


def test_other_hardware_versions_and_threads_have_times_of_their_own(tmp_path: Path) -> None:
    Store(tmp_path, BENCH).add({ADDS[0]: 1e-6})
    for change in ({"cpu": "b"}, {"version": "2"}, {"threads": 2}, {"block": 8}):
        assert not Store(tmp_path, Bench(**{**vars(BENCH), **change})).known()
    assert Store(tmp_path, BENCH).known() == {ADDS[0]: 1e-6}


def test_two_that_write_lose_nothing_of_each_other(tmp_path: Path) -> None:
    one, other = Store(tmp_path, BENCH), Store(tmp_path, BENCH)
    one.add({ADDS[0]: 1e-6})
    other.add({ADDS[1]: 2e-6})
    assert set(Store(tmp_path, BENCH).known()) == set(ADDS[:2])


def test_times_of_another_format_are_measured_again(tmp_path: Path) -> None:
    store = Store(tmp_path, BENCH)
    store.add({ADDS[0]: 1e-6})
    text = store.path.read_text(encoding="utf-8")
    store.path.write_text(text.replace("featherbone latencies 1", "featherbone latencies 0"), encoding="utf-8")
    again = Store(tmp_path, BENCH)
    assert (again.known(), again.damaged) == ({}, 0)
    again.add({ADDS[1]: 2e-6})
    assert Store(tmp_path, BENCH).known() == {ADDS[1]: 2e-6}


@pytest.mark.parametrize("change", [("2e-06", "9e-06"), ("\tadd", "\tbad"), ("2e-06", "nonsense"), ("2e-06\t", "")])
def test_a_damaged_line_is_left_out_and_counted(change: tuple[str, str], tmp_path: Path) -> None:
    store = Store(tmp_path, BENCH)
    store.add({ADDS[0]: 2e-6, ADDS[1]: 3e-6})
    text = store.path.read_text()
    assert change[0] in text
    store.path.write_text(text.replace(*change, 1))
    again = Store(tmp_path, BENCH)
    assert again.damaged == 1
    assert set(again.known()) == {ADDS[1]}


def learned(seed: int = 0) -> Predictor:
    costs = SpaceCosts(named_space("light", (16,)), classes=4, channels=3)
    texts: Sequence[str] = [
        text
        for macs in (300_000, 3_000_000)
        for design in sample(costs, Budget(macs=macs), 20, seed=seed)
        for text in kernels_of(design.graph(classes=4, channels=3), block=16)
    ]
    return Predictor(bench=BENCH, measured={text: seconds_of(text) for text in texts})


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return learned()


def test_a_network_takes_the_sum_of_its_kernels(predictor: Predictor) -> None:
    graph = image(3, 16).conv(16, 3).norm().act("relu").global_pool().flatten().linear(4).graph("net")
    texts = kernels_of(graph, block=16)
    exact = Predictor(bench=BENCH, measured={**predictor.measured, **{text: seconds_of(text) for text in texts}})
    found = exact.predict(graph)
    assert found.kernels == len(texts)
    assert found.measured == 1
    assert found.ms == pytest.approx(1e3 * sum(map(seconds_of, texts)))


def test_what_was_never_measured_is_said_and_close(predictor: Predictor) -> None:
    costs = SpaceCosts(named_space("light", (16,)), classes=4, channels=3)
    errors = []
    for design in sample(costs, Budget(macs=1_000_000), 20, seed=9):
        graph = design.graph(classes=4, channels=3)
        found = predictor.predict(graph)
        truth = 1e3 * sum(map(seconds_of, kernels_of(graph, block=16)))
        assert 0 <= found.measured <= 1
        errors.append(abs(found.ms / truth - 1))
    assert np.median(errors) < 0.1


def test_the_calibration_finds_what_a_runtime_adds(predictor: Predictor) -> None:
    costs = SpaceCosts(named_space("light", (16,)), classes=4, channels=3)
    networks = []
    for design in sample(costs, Budget(macs=1_000_000), 24, seed=4):
        graph = design.graph(classes=4, channels=3)
        alone = predictor.predict(graph)
        networks.append((graph, 5e-6 + 1.2e-3 * alone.ms + 2e-7 * alone.kernels))
    found = calibrated(BENCH, predictor.measured, networks)
    for graph, seconds in networks:
        assert found.predict(graph).ms == pytest.approx(1e3 * seconds, rel=1e-3)
    assert found.margin < 1e-3
    assert read_value("latency", write_value(found), Predictor) == found


def test_the_calibration_finds_a_kind_that_takes_less_among_others_than_alone(predictor: Predictor) -> None:
    costs = SpaceCosts(named_space("light", (16,)), classes=4, channels=3)

    def seconds(text: str) -> float:
        return (0.6 if "k3x3 s1x1 g0" in text else 1.0) * seconds_of(text)

    def networks(seed: int) -> list[tuple[Graph, float]]:
        graphs = [one.graph(classes=4, channels=3) for one in sample(costs, Budget(macs=1_000_000), 48, seed=seed)]
        return [(graph, sum(map(seconds, kernels_of(graph, block=16)))) for graph in graphs]

    known, others = networks(4), networks(5)
    alone = {text: seconds_of(text) for graph, _ in known + others for text in kernels_of(graph, block=16)}
    found = calibrated(BENCH, alone, known)

    def error(predictor: Predictor) -> float:
        return float(np.median([abs(predictor.predict(graph).ms / (1e3 * truth) - 1) for graph, truth in others]))

    assert error(found) < 0.01 < error(replace(found, factors={}))
    assert min(found.factors, key=lambda kind: found.factors[kind]) == "conv blocked depthwise 3x3s1x1"
    assert found.margin < 0.05


def test_the_margin_is_of_networks_that_the_fit_has_not_seen(predictor: Predictor) -> None:
    costs = SpaceCosts(named_space("light", (16,)), classes=4, channels=3)
    noise = np.random.default_rng(0)
    networks = []
    for design in sample(costs, Budget(macs=1_000_000), 12, seed=4):
        graph = design.graph(classes=4, channels=3)
        networks.append((graph, 1e-3 * predictor.predict(graph).ms * noise.uniform(0.8, 1.2)))
    found = calibrated(BENCH, predictor.measured, networks)
    seen = np.quantile([1e3 * seconds / found.predict(graph).ms for graph, seconds in networks], 0.9) - 1
    assert found.margin > 1.2 * seen > 0


def test_a_rare_convolution_is_measured_in_other_widths(predictor: Predictor) -> None:
    rare = [
        "conv plain k5x5 s1x1 g0 hard_swish in22x14x14 out22x14x14",
        "conv blocked k3x3 s1x1 g4 relu in64x8x8 out64x8x8",
        "conv direct k3x3 s1x1 g1 relu in3x16x16 out20x16x16",
        "add plain k1x1 s1x1 g1 in12x8x8 out12x8x8",
    ]
    found = [Kernel.parse(text) for text in chosen(rare, [], block=16, number=6)]
    widths = {
        text: {(each.channels_in, each.channels_out) for each in found if each.family == Kernel.parse(text).family}
        for text in rare
    }
    assert [len(widths[text]) for text in rare] == [6, 4, 1, 1]
    assert all(into == out for into, out in widths[rare[0]])
    assert all(into % 64 == 0 and out % 64 == 0 for into, out in widths[rare[1]]), "a group is whole blocks"
    assert chosen(rare, list(map(str, found)), block=16, number=6) == []


@pytest.mark.parametrize("kind", ["conv blocked", "conv plain", "add plain"])
def test_a_wider_kernel_never_takes_less(predictor: Predictor, kind: str) -> None:
    op, layout = kind.split()
    family = Family(op=op, layout=layout, kernel=(3, 3) if op == "conv" else (1, 1), side_in=(8, 8), side_out=(8, 8))
    widths = np.arange(16, 512, 16)
    times = fitted({Kernel.parse(text): s for text, s in predictor.measured.items()}, block=16)
    assert (np.diff(times.seconds(family, widths, widths)) >= 0).all()
    assert (np.diff(times.seconds(family, np.full_like(widths, 32), widths)) >= 0).all()


def test_kernels_and_networks_really_run(predictor: Predictor, tmp_path: Path) -> None:
    """Every kind of kernel is a file that ONNX Runtime accepts, and takes some time."""
    by_kind = {(*text.split()[:2], *text.split()[5:-2]): text for text in predictor.measured}
    rare = {kinds(Kernel.parse(text).family)[0]: text for text in predictor.measured if text.startswith("conv ")}
    wider = [text for text in chosen(rare.values(), [], block=16, number=3) if text not in predictor.measured]
    assert len(wider) > 10
    graph = image(3, 16).conv(16, 3).norm().act("relu").global_pool().flatten().linear(4).graph("net")
    with Meter(tmp_path, threads=1) as meter:
        times = meter.kernels([*by_kind.values(), *wider])
        whole = meter.networks({"net": graph})
    assert min(times.values()) >= 0
    assert max(times.values()) < 0.1
    assert whole["net"] > 0
