"""A planned factorization carried out: the layers changed, mended, checked and written."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from featherbone.cost import count
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.graph.operators import BatchNorm
from featherbone.job.factorizing.plan import FactorizingPlan, opaque_nodes
from featherbone.nn import Model, load_model, module_with, save_model
from featherbone.progress import Progress, Step, silent
from featherbone.rewrite.factorizing import applied, written_channels
from featherbone.rewrite.mending.mend import mend
from featherbone.rewrite.trained_graph import TrainedGraph
from featherbone.rewrite.unfold import unfold

BATCH = 64  # images that are computed at a time
NORMED = 512  # images that new norms take their statistics from


@dataclass(frozen=True, kw_only=True)
class FactorizedFile:
    """What was written: ``agreement`` is the share of images that it answers as the model did, None without images.

    ``latency`` holds the milliseconds of the whole network before and after, or nothing.
    """

    path: Path
    model: Model
    agreement: float | None
    latency: tuple[float, ...]

    def facts(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        counted = count(self.model.graph)
        return {
            "model": str(self.path),
            "sha256": file_hash(self.path),
            "macs": int(counted.macs),
            "params": int(counted.params),
            "agreement": self.agreement,
            "latency_ms": list(self.latency) or None,
        }


def carry_out(plan: FactorizingPlan, progress: Progress = silent) -> FactorizedFile:
    """Factorize the layers of a plan, mend the network where there are images, and write the file that was asked for.

        asked = FactorizeRequest(model="m.safetensors", data="photos", into="asymmetric", out=Path("s.safetensors"))
        print(carry_out(plan_factorizing(asked)).agreement)

    Raises:
        FeatherboneError: the file can't be written, or does not compute what the network does.
    """
    path = plan.request.out
    assert path is not None, "asked for"
    progress(Step(name="factorize", detail=f"{len(plan.chosen)} layers"))
    changed = applied(plan.network, plan.chosen, plan.moments)
    opaque = opaque_nodes(plan.model.graph)
    if plan.sample is not None and not opaque:
        changed = _mended(plan, changed, progress)
    model = Model(
        graph=changed.graph,
        weights=changed.weights,
        classes=plan.model.classes,
        preprocessing=plan.model.preprocessing,
        provenance=_provenance(plan),
    )
    save_model(path, model)
    kept = load_model(path)
    agreement = None
    if not opaque:
        progress(Step(name="check", detail="the file computes what was written into it"))
        _verify(kept, changed, plan)
        if plan.sample is not None:
            was, now = (_answers(each, plan.sample.others) for each in (plan.model, kept))
            agreement = float((was.argmax(1) == now.argmax(1)).double().mean())
    latency = _latency(plan.model, kept) if not (plan.request.untimed or opaque) else ()
    return FactorizedFile(path=path, model=kept, agreement=agreement, latency=latency)


def _mended(plan: FactorizingPlan, changed: TrainedGraph, progress: Progress) -> TrainedGraph:
    """The factorized network fitted to what the layers wrote, with norms again where it had some."""
    assert plan.sample is not None
    images = plan.sample.fitted
    kept = written_channels(plan.network.graph, changed.graph)
    mended = mend(plan.network, changed, images, kept=kept, progress=progress).network
    if any(isinstance(node.operator, BatchNorm) for node in plan.model.graph.nodes):
        return unfold(*mended, images[:NORMED])
    return mended


def _verify(kept: Model, changed: TrainedGraph, plan: FactorizingPlan) -> None:
    """Raise unless the file computes exactly what was written into it."""
    shape = plan.model.preprocessing.shape
    images = plan.sample.others[:BATCH] if plan.sample else torch.randn(2, *shape)
    with torch.inference_mode():
        wanted = module_with(*changed).eval()(images)
    if not torch.equal(_answers(kept, images), wanted):
        raise FeatherboneError(
            f"{plan.request.out} does not compute what was written into it", hint="check the disk, and write it again"
        )


def _answers(model: Model, images: torch.Tensor) -> torch.Tensor:
    net = model.module()
    with torch.inference_mode():
        return torch.cat([net(images[start : start + BATCH]) for start in range(0, len(images), BATCH)])


def _latency(before: Model, after: Model) -> tuple[float, ...]:
    from featherbone.measure import measure, prepared

    with prepared([before, after], ["onnxruntime"]) as subjects:
        return tuple(each.times.p50_ms for each in measure(subjects))


def _provenance(plan: FactorizingPlan) -> dict[str, Any]:
    return {
        "featherbone": version("featherbone"),
        "factorized": {
            "name": plan.model.graph.name,
            "sha256": file_hash(Path(plan.request.model)),
            "images": None if plan.sample is None else len(plan.sample.fitted),
            "layers": [{"layer": each.layer, "form": each.form, "rank": each.rank} for each in plan.chosen],
        },
        "whole": dict(plan.model.provenance),
    }
