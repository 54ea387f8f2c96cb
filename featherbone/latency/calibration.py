"""How kernels that were measured alone add up in whole networks: fitted to networks that were measured.

First come four coefficients of all (``Predictor``), then a factor for the seconds of each kind. There are more kinds
than networks tell apart, so a factor stays near 1 unless the networks say otherwise (ridge regression; Hoerl and
Kennard 1970).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from featherbone.graph import Graph
from featherbone.latency.plan import plan
from featherbone.latency.predictor import Predictor
from featherbone.latency.sketch import sketch
from featherbone.latency.store import Bench
from featherbone.latency.times import is_convolution, kinds, positive_fit

COVERED = 0.9  # of the measured networks stay below the prediction with its margin
FEWEST = 4  # networks: as many as there are coefficients
RIDGE = 0.1  # an error of a tenth in a network costs as much as a factor that is a third off


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Of some networks: how many kernels each has, and the seconds of each kind alone, (networks, kinds)."""

    kinds: tuple[str, ...]
    kernels: np.ndarray
    seconds: np.ndarray

    def total(self, *, convolutions: bool) -> np.ndarray:
        which = [is_convolution(kind) is convolutions for kind in self.kinds]
        return np.asarray(self.seconds[:, which].sum(axis=1))


def calibrated(bench: Bench, measured: Mapping[str, float], networks: Sequence[tuple[Graph, float]]) -> Predictor:
    """A predictor whose coefficients fit these networks, measured whole in seconds.

    None of the coefficients is negative, and errors count relatively. ``margin`` is what each network says when it is
    predicted from the others.

    Raises:
        FeatherboneError: a network with a kernel of which nothing like it was measured.
    """
    plain = Predictor(bench=bench, measured=measured)
    if len(networks) < FEWEST:
        return plain
    sums = _sums(plain, [graph for graph, _ in networks])
    seconds = np.array([value for _, value in networks])
    coefficients, factors = _fit(sums, seconds)
    return Predictor(
        bench=bench,
        measured=measured,
        calibration=tuple(map(float, coefficients)),
        factors=dict(zip(sums.kinds, map(float, factors), strict=True)),
        margin=max(0.0, float(np.quantile(seconds / _from_others(sums, seconds), COVERED)) - 1),
        networks=len(networks),
    )


def _sums(plain: Predictor, graphs: Sequence[Graph]) -> Sums:
    found: list[dict[str, float]] = []
    kernels = []
    for graph in graphs:
        steps, _ = plan(sketch(graph), block=plain.bench.block)
        alone: dict[str, float] = {}
        for step in steps:
            kind = kinds(step.family)[0]
            alone[kind] = alone.get(kind, 0.0) + float(plain.alone(step)[0])
        found.append(alone)
        kernels.append(len(steps))
    names = tuple(sorted({kind for alone in found for kind in alone}))
    table = np.array([[alone.get(kind, 0.0) for kind in names] for alone in found])
    return Sums(kinds=names, kernels=np.array(kernels, dtype=float), seconds=table)


def _fit(sums: Sums, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The four coefficients, and the factors of the kinds."""
    from sklearn.linear_model import LinearRegression

    rows = np.stack(
        [np.ones(len(seconds)), sums.kernels, sums.total(convolutions=True), sums.total(convolutions=False)], axis=1
    )
    coefficients = positive_fit(rows, seconds)
    relative = _scaled(sums, coefficients) / seconds[:, None]
    rest = 1 - rows[:, :2] @ coefficients[:2] / seconds
    pull = math.sqrt(RIDGE) * np.eye(len(sums.kinds))
    model = LinearRegression(positive=True, fit_intercept=False).fit(
        np.concatenate([relative, pull]), np.concatenate([rest, pull.sum(axis=1)])
    )
    return coefficients, np.asarray(model.coef_)


def _scaled(sums: Sums, coefficients: np.ndarray) -> np.ndarray:
    """The seconds of each kind as the coefficients have them."""
    scales = np.array([coefficients[2 if is_convolution(kind) else 3] for kind in sums.kinds])
    return np.asarray(sums.seconds * scales)


def _from_others(sums: Sums, seconds: np.ndarray) -> np.ndarray:
    """Each network's seconds as a fit to the others predicts them."""
    found = np.empty(len(seconds))
    for place in range(len(seconds)):
        others = np.arange(len(seconds)) != place
        rest = Sums(kinds=sums.kinds, kernels=sums.kernels[others], seconds=sums.seconds[others])
        coefficients, factors = _fit(rest, seconds[others])
        own = coefficients[0] + coefficients[1] * sums.kernels[place]
        found[place] = own + (_scaled(sums, coefficients)[place] * factors).sum()
    return found
