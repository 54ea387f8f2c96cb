"""What ``run.json`` says of a run, as values: whoever tells of a run, or goes on with it, reads this record.

A field with a default may be missing: the run is not that far, is of the other job, or is older than the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featherbone.cut_record import ComparedRecord, CutRecord, PrunedRecord, TunedRecord
from featherbone.quantities import NAMES
from featherbone.quantized_record import IntegersRecord, QuantizedRecord, SpeedRecord
from featherbone.view import WHOLE, View


@dataclass(frozen=True, kw_only=True)
class DataRecord:
    """The images: ``counts`` by split, ``skipped`` the path and the reason of each file that was left out.

    ``answered_by`` is the network whose answers stand in place of their labels, where it does not know those.
    """

    source: str = ""
    name: str = "unnamed data"
    fingerprint: str = ""
    classes: tuple[str, ...] = ()
    resolution: int | None = None
    channels: int | None = None
    crop: float = WHOLE.crop
    interpolation: str = WHOLE.interpolation
    counts: Mapping[str, int] = field(default_factory=dict)
    licence: str | None = None
    warnings: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    answered_by: str = ""

    @property
    def score(self) -> str:
        """What the share of images that are answered rightly is called."""
        return f"top-1 agreement with {self.answered_by}" if self.answered_by else "top-1"

    @property
    def validated(self) -> int:
        """The validation images that scores come from."""
        return self.counts.get("val", 0)

    @property
    def view(self) -> View:
        """The part of each image that the network sees."""
        return View(crop=self.crop, interpolation=self.interpolation)


@dataclass(frozen=True, kw_only=True)
class NetworkRecord:
    """The network of a training: as it was asked for, its graph's name and digest, where its weights come from."""

    name: str
    graph: str
    asked: str = ""
    weights: Mapping[str, Any] | None = None
    said: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Its name, with the settings that it was asked for with.

        >>> NetworkRecord(name="mobilenet_v2", graph="", asked="mobilenet_v2:width=0.35").title
        'mobilenet_v2:width=0.35'
        """
        return self.asked if self.asked.partition(":")[0].strip() == self.name else self.name


@dataclass(frozen=True, kw_only=True)
class SettingRecord:
    """How the steps of a training are computed; ``chosen`` as `featherbone.train.Setting` writes itself."""

    chosen: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """How far ONNX Runtime and PyTorch lie apart; ``reason`` says why it did not pass, and is empty where it did.

    >>> Verification(passed=True, images=9, top1_agreement=1.0, largest_difference=3e-6, allowed=1e-3).reason
    ''

    ``largest_difference`` is of logits, absolute, and None where they are not numbers or there are none; ``allowed`` is
    how large it may be; ``top1_agreement`` is the share of images for which both say the same class. Where the
    differences are allowed, the classes of an image that do not agree are equal but for rounding.
    """

    passed: bool
    images: int
    top1_agreement: float
    largest_difference: float | None
    allowed: float | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Milliseconds for one image, and what they were measured on; ``noise`` says why not to trust them, if anything.

    >>> Timing(p50_ms=2.0, p90_ms=2.5, runs=900, threads=1, cpu="a CPU, 2 cores", runtime="onnxruntime 1.27").noise
    ()
    """

    p50_ms: float
    p90_ms: float
    runs: int
    threads: int
    cpu: str = ""
    runtime: str = ""
    min_ms: float | None = None
    warmup_runs: int | None = None
    noise: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BinRecord:
    """A bin of the calibration; see `featherbone.metrics.CalibrationBin`."""

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class AnswerRecord:
    """A test image that the network reads worst; ``true`` and ``predicted`` are places among the classes."""

    index: int
    true: int
    predicted: int
    confidence: float
    path: str
    loss: float | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord:
    """How good a network is on images that it never saw; the fields are those of `ResultRecord`.

    >>> EvaluationRecord(test_top1=0.5, test_top1_standard_error=0.5, test_top1_interval=(0.1, 0.9), test_top5=1.0,
    ...     test_loss=0.7, test_brier=0.5, test_calibration_error=0.0, test_count=2).confusion
    ()
    """

    test_top1: float
    test_top1_standard_error: float
    test_top1_interval: tuple[float, float]
    test_top5: float
    test_loss: float
    test_brier: float
    test_calibration_error: float
    test_count: int
    confusion: tuple[tuple[int, ...], ...] = ()  # (true, predicted), in images
    calibration: tuple[BinRecord, ...] = ()
    worst: tuple[AnswerRecord, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ResultRecord:
    """What a finished run found; a search says which trial won, a training after how many epochs.

    ``latency_ms`` is the latency by which a network was chosen, where it is limited; ``timing`` is that of the file.
    """

    test_top1: float
    test_top1_standard_error: float
    test_top1_interval: tuple[float, float]
    test_top5: float
    test_loss: float
    test_brier: float
    test_calibration_error: float
    test_count: int
    params: int
    macs: int
    peak_memory: int
    file_bytes: int
    verification: Verification
    timing: Timing | None = None
    latency_ms: float | None = None
    confusion: tuple[tuple[int, ...], ...] = ()  # (true, predicted), in images
    calibration: tuple[BinRecord, ...] = ()
    worst: tuple[AnswerRecord, ...] = ()
    seconds: float = 0.0
    val_top1: float | None = None
    trial: int | None = None
    design: str | None = None
    epochs: int | None = None
    best_epoch: int | None = None


@dataclass(frozen=True, kw_only=True)
class TeacherGain:
    """What a teacher brought over ``run``, the same training without one, which reached ``top1``.

    ``gain`` is the difference, and ``half`` the half width of its 95 % interval, as of two independent shares.
    """

    run: str
    top1: float
    gain: float
    half: float


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run: what was asked, what was decided of it, and what it found.

    ``job`` is ``fit``, ``train``, ``prune`` or ``quantize``.

    ``result`` is None while it goes on. ``recipe``, ``teacher`` and ``weights`` are as those write themselves.
    """

    job: str
    result: ResultRecord | None
    command: tuple[str, ...] = ()
    data: DataRecord = field(default_factory=DataRecord)
    budget: Mapping[str, Any] | None = None
    network: NetworkRecord | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    learning_rate_test: Any = None
    teacher: Mapping[str, Any] | None = None
    precision: str = ""
    asked_setting: str | None = None
    setting: SettingRecord | None = None
    seed: int | None = None
    versions: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    gain: TeacherGain | None = None
    pretrained: tuple[TunedRecord, ...] = ()
    pruned: PrunedRecord | None = None
    cut: CutRecord | None = None
    compared: tuple[ComparedRecord, ...] = ()
    quantized: QuantizedRecord | None = None
    integers: IntegersRecord | None = None
    speeds: tuple[SpeedRecord, ...] = ()

    @property
    def is_training(self) -> bool:
        """Whether it is of one network, and no search."""
        return self.job in ("train", "prune", "quantize")

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do; a run whose ONNX file failed its check is finished once more."""
        return self.result is not None and self.result.verification.passed

    @property
    def limits(self) -> dict[str, float]:
        """The limits of its budget that are set."""
        return limits_set(self.budget)


def limits_set(budget: Mapping[str, Any] | None) -> dict[str, float]:
    """The limits that a budget, as JSON holds it, sets, by the names of their quantities; latency in milliseconds.

    >>> limits_set({"memory": 1000, "params": None, "latency": {"ms": 2.5, "runtime": "onnxruntime", "threads": 1}})
    {'peak_memory': 1000, 'latency': 2.5}
    """
    found = {NAMES.get(key, key): limit for key, limit in (budget or {}).items() if limit is not None}
    return {name: limit["ms"] if isinstance(limit, dict) else limit for name, limit in found.items()}
