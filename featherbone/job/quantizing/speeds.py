"""How fast a network is before and after: each runtime that is installed, in turns, on one thread."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from featherbone.measure import measure, prepared
from featherbone.nn import Model
from featherbone.progress import Progress, Step
from featherbone.quantize import QuantizedModel
from featherbone.quantized_record import SpeedRecord
from featherbone.run_record import Timing
from featherbone.ship.timing import timing_of

FLOAT, INTEGERS, BFLOAT = "float32", "int8", "bfloat16"
WEIGHTS = "float32, of integer weights"  # what maps in float are computed in


@dataclass(frozen=True, kw_only=True)
class MeasuredSpeeds:
    """Latencies in every runtime; ``before`` are milliseconds in ONNX Runtime, ``timing`` is of the integers there."""

    records: tuple[SpeedRecord, ...]
    before: float
    timing: Timing


def speeds(before: Model, after: QuantizedModel, progress: Progress, *, seconds: float = 2.0) -> MeasuredSpeeds:
    """The latency of the float network and of the integers in each runtime; of OpenVINO in bfloat16 too.

    Each is run for so many ``seconds``.
    """
    progress(Step(name="time", detail="in float and in integers"))
    with prepared([before, after], ["onnxruntime"]) as subjects:
        whole, integers = measure(subjects, seconds=seconds)
    name = INTEGERS if after.network.grids else WEIGHTS
    times = [("onnxruntime", FLOAT, whole), ("onnxruntime", name, integers)]
    if find_spec("openvino") is not None:
        with prepared([before, after], ["openvino"]) as subjects:
            first, last = measure(subjects, runtime="openvino", seconds=seconds)
            (middle,) = measure(subjects[:1], runtime="openvino", precision=BFLOAT, seconds=seconds)
        times += [("openvino", FLOAT, first), ("openvino", BFLOAT, middle), ("openvino", name, last)]
    records = tuple(
        SpeedRecord(runtime=runtime, precision=precision, ms=each.times.p50_ms, noise=each.noise)
        for runtime, precision, each in times
    )
    return MeasuredSpeeds(records=records, before=whole.times.p50_ms, timing=timing_of(integers))
