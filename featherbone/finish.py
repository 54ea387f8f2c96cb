"""What becomes of a search's winner: model files, the check of one against the other, latency, and the test split."""

from __future__ import annotations

from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featherbone.errors import FeatherboneError
from featherbone.nn import Model, Preprocessing, save_model
from featherbone.search.budget import costs_of
from featherbone.search.ledger import Ledger, Trial
from featherbone.search.progress import Progress, Step
from featherbone.ship.onnx_export import export_onnx
from featherbone.ship.timing import time_onnx
from featherbone.ship.verify import verify_onnx
from featherbone.train import evaluate

if TYPE_CHECKING:
    from featherbone.job import Job

VERIFIED = 256  # test images on which PyTorch and ONNX Runtime must agree


def finish(job: Job, ledger: Ledger, winner: Trial, folder: Path, progress: Progress) -> dict[str, Any]:
    """Write the winner's model in both formats, check one against the other, time it and test it; the run's result.

    Raises:
        FeatherboneError: the ONNX file does not compute what was trained, or a file exceeds the budget.
    """
    dataset, test = job.dataset, job.dataset.splits["test"]
    progress(Step(name="winner", detail=winner.design))
    training = job.trained(ledger, winner, job.recipe.epochs, folder, progress)
    graph = ledger.graph(winner.id)
    model = Model(
        graph=graph,
        weights=training.weights,
        classes=dataset.classes,
        preprocessing=Preprocessing(
            resolution=dataset.resolution, channels=dataset.channels, mean=dataset.mean, std=dataset.std
        ),
        provenance={
            "featherbone": version("featherbone"),
            "data": {"name": dataset.name, "fingerprint": dataset.fingerprint},
            "budget": job.budget.limits(),
            "seed": job.seed,
            "design": winner.design,
            "recipe": job.recipe.to_dict(),
            "val_top1": training.val_top1,
        },
    )
    weights_file, onnx_file = folder / "model.safetensors", folder / "model.onnx"
    progress(Step(name="export"))
    save_model(weights_file, model)
    unverified = folder / "unverified.onnx"  # takes its name when it computes what was trained
    export_onnx(model, unverified)
    progress(Step(name="verify"))
    verification = verify_onnx(model, unverified, test.images[:VERIFIED]).require()
    unverified.replace(onnx_file)
    progress(Step(name="time"))
    timing = time_onnx(onnx_file)
    progress(Step(name="test"))
    tested = evaluate(model.module(), test, dataset)
    costs = replace(costs_of(graph), size=weights_file.stat().st_size)
    if job.budget.breaches(costs):
        raise FeatherboneError(f"the model that was written exceeds {', '.join(job.budget.breaches(costs))}: {costs}")
    return {
        "trial": winner.id,
        "design": winner.design,
        "test_top1": tested.top1,
        "test_top1_standard_error": tested.top1_standard_error,
        "test_count": tested.count,
        "val_top1": training.val_top1,
        "params": costs.params,
        "macs": costs.macs,
        "peak_memory": costs.memory,
        "file_bytes": costs.size,
        "verification": asdict(verification),
        "timing": asdict(timing),
        "confusion": tested.confusion.tolist(),
        "seconds": ledger.seconds(),
    }
