"""What ``run.json`` says of a quantization: what was asked, how the integers came about, and how fast they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class QuantizedRecord:
    """The network that a quantization begins from, the file that it is in, and what was asked of it."""

    source: str
    name: str
    sha256: str
    weights: int
    maps: str
    images: int
    max_drop: float
    float_layers: int
    time: float | None = None


@dataclass(frozen=True, kw_only=True)
class RoundedRecord:
    """A layer whose integers were chosen: ``error`` is on images held out, as a share of rounding to the nearest."""

    layer: str
    how: str
    error: float


@dataclass(frozen=True, kw_only=True)
class IntegersRecord:
    """How the integers came about, and what they are worth.

    ``rule`` is what grids are by, and ``divergences`` what each rule changes of the answers, in nats; ``sensitivity``
    is what is left of that where one layer is in float, for those that were looked at. ``left_in_float`` are all nodes
    that compute in float, and ``float_layers`` the layers that were chosen to. ``divergence`` and ``agreement`` are
    with the float network, on images held back; ``val_before`` and ``val_after`` are top-1 on ``val_count`` validation
    images. ``has_learned`` says that the integers were trained, by the answers of the float network.
    """

    rule: str
    divergences: Mapping[str, float]
    layers: tuple[RoundedRecord, ...]
    sensitivity: tuple[tuple[str, float], ...]
    float_layers: tuple[str, ...]
    left_in_float: tuple[str, ...]
    divergence: float
    agreement: float
    val_before: float
    val_after: float
    val_count: int
    weight_bytes: int
    map_bytes: int
    seconds: float
    has_learned: bool = False


@dataclass(frozen=True, kw_only=True)
class SpeedRecord:
    """The median latency of a network in a runtime, on one thread; ``noise`` says why not to trust it."""

    runtime: str
    precision: str
    ms: float
    noise: tuple[str, ...] = ()
