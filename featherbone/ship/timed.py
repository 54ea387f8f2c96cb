"""An export in a measuring process: loaded there from its folder, and run on made-up images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from featherbone.measure.runtimes.workload import Workload
from featherbone.ship.exported import ExportedNetwork, read_exported

OPENER = "featherbone.ship.timed:load"
AS_WRITTEN = "float32"  # the precision of a job that asks for no variant


def workload(exported: ExportedNetwork, threads: int, variant: str = "") -> Workload:
    """What a measuring process is asked for an export: one image at a time."""
    return Workload(
        runtime=exported.record.target,
        file=str(exported.folder),
        threads=threads,
        batch=1,
        precision=variant or AS_WRITTEN,
        opener=OPENER,
    )


def load(job: Workload) -> Callable[[], object]:
    """A function that runs the export in a folder once."""
    exported = read_exported(Path(job.file))
    seen = exported.record.preprocessing
    run = exported.open(job.threads, "" if job.precision == AS_WRITTEN else job.precision)
    draw = np.random.default_rng(0)
    if exported.record.form.takes_images:
        sides = (job.batch, seen.resolution, seen.resolution, seen.channels)
        batch: np.ndarray = draw.integers(0, 256, sides, dtype=np.uint8)
    else:
        batch = draw.standard_normal((job.batch, *seen.shape)).astype(np.float32)
    return lambda: run(batch)
