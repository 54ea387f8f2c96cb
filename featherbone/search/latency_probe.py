"""Learning how fast a machine is with the designs of a space: which kernels to measure, and which whole networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from featherbone.errors import FeatherboneError
from featherbone.measure.kernels.calibration import calibrated
from featherbone.measure.kernels.choice import chosen
from featherbone.measure.kernels.predictor import Predictor, kernels_of
from featherbone.search.batch import SpaceCosts
from featherbone.search.budget import Budget
from featherbone.search.design import Design
from featherbone.search.least import cheapest_known
from featherbone.search.sample import sample

if TYPE_CHECKING:
    from featherbone.measure.kernels.measured import Meter

MACS_A_SECOND = 40e9  # what one thread reaches at most, about: it bounds what designs a limit can be about
DESIGNS = 36  # of each size, whose kernels are looked at
NETWORKS = 36  # of each size that are measured whole
SIZES = (1, 5, 25)  # the largest designs, and those of a fifth and a 25th of their multiply-adds
KERNELS_SEED, NETWORKS_SEED = 7001, 7002

Said = Callable[[str, int, int], None]


def learned(costs: SpaceCosts, budget: Budget, meter: Meter, said: Said = lambda what, done, total: None) -> Predictor:
    """A predictor for designs about as large as a budget allows, from what is known already and what must be measured.

    ``said`` hears what is measured, how many are, and of how many.
    """
    assert budget.latency is not None
    block = meter.store.bench.block
    texts = [
        text for design in _designs(costs, budget, DESIGNS, KERNELS_SEED) for text in _kernels(costs, design, block)
    ]
    meter.kernels(chosen(texts, meter.store.known(), block=block), lambda done, total: said("operators", done, total))
    graphs = {
        f"{design} for {costs.channels} channels and {costs.classes} classes": design.graph(
            classes=costs.classes, channels=costs.channels
        )
        for design in _designs(costs, budget, NETWORKS, NETWORKS_SEED)
    }
    whole = meter.networks(graphs, lambda done, total: said("networks", done, total))
    measured = {text: seconds for text, seconds in meter.store.known().items() if not text.startswith("network ")}
    return calibrated(meter.store.bench, measured, [(graphs[text], whole[text]) for text in graphs])


def _kernels(costs: SpaceCosts, design: Design, block: int) -> list[str]:
    return kernels_of(design.graph(classes=costs.classes, channels=costs.channels), block=block)


def _designs(costs: SpaceCosts, budget: Budget, number: int, seed: int) -> list[Design]:
    """Designs of three sizes, below what the limits but the latency allow and the latency could."""
    assert budget.latency is not None
    most = int(budget.latency.ms * 1e-3 * MACS_A_SECOND * budget.latency.threads)
    most = min(most, budget.macs or most)
    found: dict[Design, None] = {}
    for part in SIZES:
        least = int(costs.of_rows(cheapest_known(costs, Budget(macs=1))[None]).macs[0])
        bound = replace(budget, latency=None, macs=max(most // part, 2 * least))
        try:
            found.update(dict.fromkeys(sample(costs, bound, number, seed=seed)))
        except FeatherboneError:  # the other limits are narrower than that
            continue
    return list(found)
