"""What ``run.json`` says of cuts, as values: the networks that are cut, what of them, and what that brought."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PrunedRecord:
    """The network that a pruning begins from, the file that it is in, and by how much of what it is cut."""

    source: str
    name: str
    sha256: str
    images: int
    rounds: int
    time: float | None = None
    cut: tuple[str, ...] = ("widths",)
    multiple: int = 1


@dataclass(frozen=True, kw_only=True)
class WidthRecord:
    """A width that a cut changed: the layer that writes it first, its channels before and after."""

    layer: str
    before: int
    after: int


@dataclass(frozen=True, kw_only=True)
class MendedRecord:
    """A layer that was fitted: its error before and after, as shares of the variance of what it is to write."""

    layer: str
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class CutRecord:
    """What a pruning cut: ``loss`` in nats, as it was expected; ``left`` are layers that were not fitted, and why.

    ``dropped`` are the blocks that went; ``resolution`` is that of the network that is left.
    """

    widths: tuple[WidthRecord, ...]
    dropped: tuple[str, ...] = ()
    resolution: int | None = None
    mended: tuple[MendedRecord, ...]
    left: tuple[tuple[str, str], ...]
    loss: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class TunedRecord:
    """A pretrained network of a search, fine-tuned uncut: ``seconds`` are those of its training.

    A search that is not finished knows its name and digest alone.
    """

    name: str
    sha256: str
    source: str = ""
    val_top1: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ComparedRecord:
    """A network on the way of a pruning or a quantization, before or after: what it costs, and how good it is.

    ``latency_ms`` is the median of its ONNX file in ONNX Runtime on one thread, and None where that did not run.
    """

    name: str
    params: int
    macs: int
    peak_memory: int
    file_bytes: int
    latency_ms: float | None
    test_top1: float
    test_top1_standard_error: float
