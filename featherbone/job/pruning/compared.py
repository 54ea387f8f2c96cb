"""A network on the way of a pruning, measured as the others are: what it costs, how fast and how good it is."""

from __future__ import annotations

from pathlib import Path

from featherbone.cut_record import ComparedRecord
from featherbone.data import Dataset
from featherbone.nn import Model, save_model
from featherbone.run_record import ResultRecord
from featherbone.scratch import scratch
from featherbone.search.costs.budget import costs_of
from featherbone.ship.onnx_export import export_onnx
from featherbone.ship.timing import time_onnx
from featherbone.train import evaluate

UNCUT, MENDED, TAUGHT = "uncut", "cut and mended", "taught"


def compared(name: str, model: Model, dataset: Dataset) -> ComparedRecord:
    """A model's costs, its latency in ONNX Runtime on one thread, and its top-1 on the test images."""
    tested = evaluate(model.module(), dataset.splits["test"], dataset)
    costs = costs_of(model.graph)
    with scratch() as folder:
        weights, file = Path(folder) / "model.safetensors", Path(folder) / "model.onnx"
        save_model(weights, model)
        export_onnx(model, file)
        return ComparedRecord(
            name=name,
            params=costs.params,
            macs=costs.macs,
            peak_memory=costs.peak_memory,
            file_bytes=weights.stat().st_size,
            latency_ms=time_onnx(file).p50_ms,
            test_top1=tested.top1,
            test_top1_standard_error=tested.top1_standard_error,
        )


def of_result(name: str, result: ResultRecord) -> ComparedRecord:
    """The same of a network that was finished."""
    return ComparedRecord(
        name=name,
        params=result.params,
        macs=result.macs,
        peak_memory=result.peak_memory,
        file_bytes=result.file_bytes,
        latency_ms=result.timing.p50_ms if result.timing else None,
        test_top1=result.test_top1,
        test_top1_standard_error=result.test_top1_standard_error,
    )
