"""How long one image takes: ONNX Runtime at batch 1, with the machine that it was measured on."""

from __future__ import annotations

from pathlib import Path

from featherbone.measure import Latency, measure, prepared
from featherbone.run_record import Timing

SECONDS = 2.0


def time_onnx(path: Path | str, threads: int = 1) -> Timing:
    """Latency of an ONNX file at batch 1 on ``threads`` threads of this machine's CPU, by ``featherbone.measure``.

        print(time_onnx("model.onnx").p50_ms)

    The input is noise, since the time of these networks does not depend on the values.

    Raises:
        FeatherboneError: no such file, not an ONNX model, or threads below 1.
    """
    with prepared([Path(path)], ["onnxruntime"]) as subjects:
        latency = measure(subjects, threads=threads, seconds=SECONDS)[0]
    return timing_of(latency)


def timing_of(latency: Latency) -> Timing:
    """What is kept of a measurement in ONNX Runtime."""
    versions = dict(latency.environment.versions)
    return Timing(
        p50_ms=latency.times.p50_ms,
        p90_ms=latency.times.p90_ms,
        min_ms=latency.times.min_ms,
        runs=latency.times.n,
        warmup_runs=latency.warm_up.runs,
        threads=latency.threads,
        cpu=f"{latency.environment.cpu}, {latency.environment.cores} cores",
        runtime=f"onnxruntime {versions['onnxruntime']}",
        noise=latency.noise,
    )
