"""The latency of a network before it exists: the sum of its kernels, calibrated on networks that were measured whole.

Kernels that were measured count as measured, the others as ``times`` fills the gaps. What a runtime does between
kernels, and what a kernel takes longer among others than alone, is in four coefficients: for each run, for each kernel,
and for each second of convolutions and of everything else; the seconds of each kind have a factor besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from featherbone.graph import Graph
from featherbone.latency.kernel import Family, Kernel
from featherbone.latency.plan import plan
from featherbone.latency.sketch import sketch
from featherbone.latency.step import PlannedKernels
from featherbone.latency.store import Bench
from featherbone.latency.times import KernelTimes, fitted, is_convolution, kinds


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Milliseconds for one image, the share of them that is of kernels that were measured, and how many kernels."""

    ms: float
    measured: float
    kernels: int


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """Predicts for one bench. ``calibration``, in seconds, and the ``factors`` of kinds (``kinds``) are as above.

    ``margin`` covers nine of ten measured networks.
    """

    bench: Bench
    measured: Mapping[str, float]
    calibration: tuple[float, ...] = (0.0, 0.0, 1.0, 1.0)
    factors: Mapping[str, float] = field(default_factory=dict)
    margin: float = 0.0
    networks: int = 0  # that it was calibrated on

    def predict(self, graph: Graph) -> Prediction:
        """The latency of a network.

        Raises:
            FeatherboneError: an operator whose kernels are not known.
        """
        steps, _ = plan(sketch(graph), block=self.bench.block)
        each = [float(self.step_seconds(step)[0]) for step in steps]
        known = sum(seconds for seconds, step in zip(each, steps, strict=True) if _kernel(step, 0) in self.measured)
        return Prediction(
            ms=1e3 * (self.constant + sum(each)), measured=known / max(sum(each), 1e-12), kernels=len(steps)
        )

    @property
    def constant(self) -> float:
        """Seconds of a run, besides its kernels."""
        return self.calibration[0]

    def seconds(self, steps: Sequence[PlannedKernels], size: int) -> np.ndarray:
        """The kernels' seconds, for each of ``size`` widths."""
        total = np.zeros(size)
        for step in steps:
            runs = np.flatnonzero(step.runs)
            channels = (np.broadcast_to(each, size)[runs] for each in (step.channels_in, step.channels_out))
            total[runs] += self.step_seconds(PlannedKernels(step.family, step.runs[runs], *channels))
        return total

    def step_seconds(self, step: PlannedKernels) -> np.ndarray:
        """The seconds that a step takes in a network, for each of its widths."""
        _, call, convolutions, others = self.calibration
        kind = kinds(step.family)[0]
        scale = convolutions if is_convolution(kind) else others
        return np.asarray(call + scale * self.factors.get(kind, 1.0) * self.alone(step))

    def alone(self, step: PlannedKernels) -> np.ndarray:
        """The seconds that a step takes alone."""
        found = self.times.seconds(step.family, step.channels_in, step.channels_out)
        for channels_in, channels_out, seconds in self._exact.get(step.family, ()):
            found[(step.channels_in == channels_in) & (step.channels_out == channels_out)] = seconds
        return found

    @cached_property
    def times(self) -> KernelTimes:
        """What fills the gaps."""
        return fitted({Kernel.parse(text): seconds for text, seconds in self.measured.items()}, block=self.bench.block)

    @cached_property
    def _exact(self) -> dict[Family, list[tuple[int, int, float]]]:
        found: dict[Family, list[tuple[int, int, float]]] = {}
        for text, seconds in self.measured.items():
            kernel = Kernel.parse(text)
            found.setdefault(kernel.family, []).append((kernel.channels_in, kernel.channels_out, seconds))
        return found


def kernels_of(graph: Graph, *, block: int) -> list[str]:
    """The texts of a network's kernels, in no particular order.

    Raises:
        FeatherboneError: an operator whose kernels are not known.
    """
    return [_kernel(step, 0) for step in plan(sketch(graph), block=block)[0]]


def _kernel(step: PlannedKernels, place: int) -> str:
    return str(
        Kernel(
            family=step.family,
            channels_in=int(step.channels_in[place]),
            channels_out=int(step.channels_out[place]),
        )
    )
