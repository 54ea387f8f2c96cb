"""An evaluation as a page: what it is right of, what it takes for what, and the pictures it reads worst."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from featherbone.atomic import write_atomically
from featherbone.report.parts import page, script_json
from featherbone.report.quality import quality_of
from featherbone.report.quality_figures import confusion, reliability
from featherbone.report.sheet import MISTAKES, write_sheet
from featherbone.run_record import DataRecord, EvaluationRecord
from featherbone.scratch import scratch


def write_evaluation(
    path: Path,
    record: EvaluationRecord,
    data: DataRecord,
    pictures: np.ndarray,
    *,
    model: str,
    split: str,
    command: str,
    left_out: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the page of an evaluation: one file that opens without a network.

    ``pictures`` are the images of ``record.worst``, uint8 (N, H, W, C), and ``data`` names the classes.

    Raises:
        FeatherboneError: the file can't be written.
    """
    with scratch() as folder:
        write_sheet(folder / MISTAKES, pictures)
        shown = quality_of(record, data.classes, data.resolution or 0, folder / MISTAKES, "images")
    figures = {"confusion": confusion(record, data.classes), "reliability": reliability(record)}
    text = page(
        "evaluation.html",
        {
            "result": record,
            "data": data,
            "quality": shown,
            "seen": "images",
            "model": model,
            "split": split,
            "left_out": left_out,
            "command": command,
            "figures": {name: script_json(figure) for name, figure in figures.items() if figure is not None},
            "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        },
    )
    with write_atomically(path) as file:
        file.write(text.encode("utf-8"))
