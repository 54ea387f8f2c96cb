"""Learning how fast a machine is with the designs of a space: which kernels to measure, and which whole networks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.latency.calibration import calibrated
from featherbone.latency.kernel_choice import chosen
from featherbone.latency.measured import NETWORK
from featherbone.latency.predictor import Predictor, kernels_of
from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget, flag
from featherbone.search.costs.least import cheapest_known, least
from featherbone.search.draw.sample import sample
from featherbone.search.draw.structures import Structures
from featherbone.search.space.design import Design
from featherbone.search.space.matrix import decode

if TYPE_CHECKING:
    from featherbone.latency.measured import Meter

MACS_A_SECOND = 40e9  # what one thread reaches at most, about: it bounds what designs a limit can be about
DESIGNS = 36  # of each size, whose kernels are looked at
NETWORKS = 36  # of each size that are measured whole
FEW_OF_A_KIND, FEW_NETWORKS = 4, 12  # that are measured however short the time is
OPERATOR_SECONDS, NETWORK_SECONDS = 0.15, 0.6  # that one takes, about
PEAK = 200e9  # multiply-adds a second of one thread that no processor reaches
DRAWN, SMALLEST = 1024, 8  # structures among which the smallest designs are looked for, and how many are measured
CLEAR = 1.5  # times the limit that the fastest of them must take before nothing else is measured
SIZES = (1, 5, 25)  # the largest designs, and those of a fifth and a 25th of their multiply-adds
KERNELS_SEED, NETWORKS_SEED = 7001, 7002

Said = Callable[[str, int, int], None]
Announced = Callable[[int, int, float], None]


def bounded(costs: SpaceCosts, budget: Budget) -> Budget:
    """The budget without its limit on latency, and with one on multiply-adds in its place: what may take that long."""
    if budget.latency is None:
        return budget
    most = int(budget.latency.ms * 1e-3 * MACS_A_SECOND * budget.latency.threads)
    return replace(budget, latency=None, macs=max(min(most, budget.macs or most), 2 * _least(costs)))


def require_possible(costs: SpaceCosts, budget: Budget) -> None:
    """Raise where no processor computes the smallest design of the space in the latency limit; nothing is measured.

    Raises:
        FeatherboneError: as above.
    """
    if budget.latency is None:
        return
    most = budget.latency.ms * 1e-3 * PEAK * budget.latency.threads
    if _least(costs) <= most:  # one design is enough
        return
    macs = least(costs, Budget(macs=1)).alone["macs"]
    if macs > most:
        raise FeatherboneError(
            f"nothing in the space {costs.space.name} fits the budget: latency is limited to {budget.latency}, and no "
            f"design has less than {macs:,} multiply-adds, which no processor computes in less than "
            f"{1e3 * macs / PEAK / budget.latency.threads:.2g} ms",
            hint="allow more --latency, or smaller images by --resolution",
        )


def require_reachable(costs: SpaceCosts, budget: Budget, meter: Meter) -> None:
    """Measure a few of the smallest designs, and raise where even the fastest takes far longer than the limit.

    Raises:
        FeatherboneError: as above; with what the fastest takes.
    """
    assert budget.latency is not None
    rows = Structures(costs.space).drawn(DRAWN, np.random.default_rng(0))
    small = rows[np.argsort(costs.of_rows(rows).macs, kind="stable")[:SMALLEST]]
    graphs = _graphs(costs, dict.fromkeys(decode(costs.space, small)))
    text, seconds = min(meter.networks(graphs).items(), key=lambda entry: entry[1])
    design = text.partition(" for ")[0]
    if 1e3 * seconds > CLEAR * budget.latency.ms:
        raise FeatherboneError(
            f"nothing in the space {costs.space.name} fits the budget: latency is limited to {budget.latency}, and of "
            f"its {len(graphs)} smallest designs the fastest, {design}, takes {1e3 * seconds:.3g} ms when measured",
            hint=f"a limit that may work is {flag('latency', float(f'{1.2e3 * seconds:.2g}'))}, or give smaller images "
            "by --resolution",
        )


def learned(
    costs: SpaceCosts,
    budget: Budget,
    meter: Meter,
    said: Said = lambda what, done, total: None,
    *,
    seconds: float = math.inf,
    announced: Announced = lambda operators, networks, seconds: None,
) -> Predictor:
    """A predictor for designs about as large as a budget allows, from what is known already and what must be measured.

    ``announced`` hears beforehand how many operators and networks that are, and about how many seconds it takes; then
    ``said`` what is measured, how many are, and of how many. Where it would take longer than ``seconds``, fewer are
    measured, but always some of each kind.
    """
    block = meter.store.bench.block
    texts = [
        text for design in _designs(costs, budget, DESIGNS, KERNELS_SEED) for text in _kernels(costs, design, block)
    ]
    few = chosen(texts, meter.store.known(), block=block, number=FEW_OF_A_KIND)
    graphs = _graphs(costs, _designs(costs, budget, NETWORKS, NETWORKS_SEED))
    new = [text for text in graphs if f"{NETWORK}{text}" not in meter.store.known()]
    wanted = chosen(texts, meter.store.known(), block=block)
    whole = _expected(len(wanted), len(new))
    if wanted or new:
        announced(len(wanted), len(new), min(whole, max(seconds, _expected(len(few), min(len(new), FEW_NETWORKS)))))
    began = time.monotonic()

    def operators(done: int, total: int) -> None:
        said("operators", done, total)

    meter.kernels(few, operators)
    share = _expected(len(wanted), 0) / whole if whole else 0.0
    rest = chosen(texts, meter.store.known(), block=block)
    meter.kernels(rest, operators, began + share * seconds if share else began)
    first = {text: graphs[text] for text in list(graphs)[:FEW_NETWORKS]}
    meter.networks(first, lambda done, total: said("networks", done, total))
    times = meter.networks(graphs, lambda done, total: said("networks", done, total), began + seconds)
    measured = {text: value for text, value in meter.store.known().items() if not text.startswith(NETWORK)}
    return calibrated(meter.store.bench, measured, [(graphs[text], value) for text, value in times.items()])


def _expected(operators: int, networks: int) -> float:
    """Seconds that measuring takes, about."""
    return operators * OPERATOR_SECONDS + networks * NETWORK_SECONDS


def _least(costs: SpaceCosts) -> int:
    """The multiply-adds of a small design."""
    return int(costs.of_rows(cheapest_known(costs, Budget(macs=1))[None]).macs[0])


def _graphs(costs: SpaceCosts, designs: Iterable[Design]) -> dict[str, Graph]:
    """The networks of designs, by the text under which their times are kept."""
    return {
        f"{design} for {costs.channels} channels and {costs.classes} classes": design.graph(
            classes=costs.classes, channels=costs.channels
        )
        for design in designs
    }


def _kernels(costs: SpaceCosts, design: Design, block: int) -> list[str]:
    return kernels_of(design.graph(classes=costs.classes, channels=costs.channels), block=block)


def _designs(costs: SpaceCosts, budget: Budget, number: int, seed: int) -> list[Design]:
    """Designs of three sizes in turn, below what the limits but the latency allow and the latency could."""
    most, least_macs = bounded(costs, budget).macs or 0, _least(costs)
    groups: list[tuple[Design, ...]] = []
    for part in SIZES:
        bound = replace(budget, latency=None, macs=max(most // part, 2 * least_macs))
        try:
            groups.append(sample(costs, bound, number, seed=seed))
        except FeatherboneError:  # the other limits are narrower than that
            continue
    return list(dict.fromkeys(design for turn in zip_longest(*groups) for design in turn if design is not None))
