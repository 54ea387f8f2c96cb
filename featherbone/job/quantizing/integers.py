"""The integers of a quantization, chosen, judged on the validation images, and kept in a file of their own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.job.images import record_of_data
from featherbone.job.quantizing.learned import learned
from featherbone.job.quantizing.plan import QuantizingPlan
from featherbone.progress import Noticed, Progress, Step
from featherbone.quantize import (
    QuantizationChoice,
    QuantizedModel,
    map_bytes,
    prepared,
    quantize,
    save_quantized,
    weight_bytes,
)
from featherbone.quantize.build import divided
from featherbone.quantize.sensitivity import LayerSensitivity, fewest, sensitivity
from featherbone.quantized_record import IntegersRecord, RoundedRecord
from featherbone.rewrite.trained_graph import TrainedGraph
from featherbone.train import evaluate

KEPT, BEST = "integers.safetensors", "best.safetensors"  # in the run's folder; the second where a run is refused
LOOKED_AT = 64  # images that the sensitivity of layers is measured on


@dataclass(frozen=True, kw_only=True)
class JudgedChoice:
    """A choice of integers, with the layers that it leaves in float and its top-1 on the validation images.

    ``has_learned`` says that it was trained.
    """

    choice: QuantizationChoice
    float_layers: tuple[str, ...]
    top1: float
    has_learned: bool = False


def choose_integers(plan: QuantizingPlan, folder: Path, progress: Progress) -> IntegersRecord:
    """Choose integers, judge them, and write them into the folder.

    Where they lose too much they learn, if there is time for that; and where they still do, the fewest layers are left
    in float that keep the drop.

    Raises:
        FeatherboneError: no choice keeps the drop; a map that is not finite.
    """
    started = time.monotonic()
    request, model = plan.request, plan.model
    network = prepared(model.graph, model.weights)
    choice = quantize(network, plan.images, bits=request.weights, maps=request.map_bits, progress=progress)
    progress(Step(name="validate", detail=f"{len(plan.dataset.splits['val'].labels):,} images, in float and integers"))
    before = evaluate(model.module(), plan.dataset.splits["val"], plan.dataset).top1
    best = JudgedChoice(choice=choice, float_layers=(), top1=_top1(plan, choice))
    order: tuple[LayerSensitivity, ...] = ()
    if not _keeps(plan, before, best) and request.time is not None:
        taught = learned(plan, network, choice, progress)
        judged = JudgedChoice(choice=taught, float_layers=(), top1=_top1(plan, taught), has_learned=True)
        best = max(best, judged, key=lambda each: each.top1)
    if not _keeps(plan, before, best) and request.float_layers:
        order = _order(plan, network, choice, progress)
        best = _with_float_layers(plan, network, best, before, order, progress)
    if not _keeps(plan, before, best):
        save_quantized(folder / BEST, _model(plan, best))
        raise _refusal(plan, folder, before, best)
    save_quantized(folder / KEPT, _model(plan, best))
    return _record(plan, best, order, before, time.monotonic() - started)


def _with_float_layers(
    plan: QuantizingPlan,
    network: TrainedGraph,
    best: JudgedChoice,
    before: float,
    order: Sequence[LayerSensitivity],
    progress: Progress,
) -> JudgedChoice:
    """The choice with the fewest layers in float that keeps the drop; where none does, the best that was seen."""
    request = plan.request
    tried: dict[tuple[str, ...], JudgedChoice] = {(): best}

    def keeps(layers: Sequence[str]) -> bool:
        progress(Step(name="float layers", detail=", ".join(layers)))
        found = quantize(
            network,
            plan.images,
            bits=request.weights,
            maps=request.map_bits,
            float_layers=layers,
            given=best.choice.grids,
            progress=progress,
        )
        tried[tuple(layers)] = JudgedChoice(choice=found, float_layers=tuple(layers), top1=_top1(plan, found))
        return _keeps(plan, before, tried[tuple(layers)])

    enough = fewest([each.layer for each in order], request.float_layers, keeps)
    if enough is None:
        return max(tried.values(), key=lambda each: each.top1)
    progress(Noticed(sentence=f"left in float, as the drop is larger without: {', '.join(enough)}"))
    return tried[tuple(enough)]


def _order(
    plan: QuantizingPlan, network: TrainedGraph, choice: QuantizationChoice, progress: Progress
) -> tuple[LayerSensitivity, ...]:
    progress(Step(name="sensitivity", detail="of each layer, as the drop is too large"))
    grids = {} if choice.grids is None else choice.grids.grids
    return sensitivity(network, grids, plan.request.weights, divided(plan.images)[1][:LOOKED_AT], progress)


def _top1(plan: QuantizingPlan, choice: QuantizationChoice) -> float:
    module = QuantizedModel(
        network=choice.network, classes=plan.model.classes, preprocessing=plan.model.preprocessing
    ).module()
    return evaluate(module, plan.dataset.splits["val"], plan.dataset).top1


def _keeps(plan: QuantizingPlan, before: float, judged: JudgedChoice) -> bool:
    """Whether no more is lost than may be; one image is not told apart from none."""
    one = 100 / len(plan.dataset.splits["val"].labels)
    return _drop(before, judged.top1) <= max(plan.request.max_drop, round(one, 3))


def _drop(before: float, after: float) -> float:
    """Points of top-1 that are lost, to a thousandth: what is lost of shares by their rounding is none."""
    return round(100 * (before - after), 3)


def _model(plan: QuantizingPlan, judged: JudgedChoice) -> QuantizedModel:
    model, request = plan.model, plan.request
    provenance: dict[str, Any] = {
        "featherbone": version("featherbone"),
        "quantized": {
            "name": model.graph.name,
            "sha256": plan.sha256,
            "weights": request.weights,
            "maps": request.maps,
            "float_layers": list(judged.float_layers),
        },
        "whole": dict(model.provenance),
    }
    return QuantizedModel(
        network=judged.choice.network, classes=model.classes, preprocessing=model.preprocessing, provenance=provenance
    )


def _record(
    plan: QuantizingPlan, best: JudgedChoice, order: Sequence[LayerSensitivity], before: float, seconds: float
) -> IntegersRecord:
    choice = best.choice
    network = choice.network
    return IntegersRecord(
        rule="" if choice.grids is None else choice.grids.rule,
        divergences={} if choice.grids is None else dict(choice.grids.divergences),
        layers=tuple(RoundedRecord(layer=each.name, how=each.how, error=each.error) for each in choice.layers),
        sensitivity=tuple((each.layer, each.divergence) for each in order),
        float_layers=best.float_layers,
        left_in_float=tuple(network.left_in_float()) if network.grids else (),
        divergence=choice.divergence,
        agreement=choice.agreement,
        val_before=before,
        val_after=best.top1,
        val_count=len(plan.dataset.splits["val"].labels),
        weight_bytes=weight_bytes(network),
        map_bytes=map_bytes(network),
        seconds=seconds,
        has_learned=best.has_learned,
    )


def _refusal(plan: QuantizingPlan, folder: Path, before: float, best: JudgedChoice) -> FeatherboneError:
    request = plan.request
    count = len(plan.dataset.splits["val"].labels)
    score = record_of_data(plan.dataset, request.source).score
    floats = f" with {len(best.float_layers)} layers in float" if best.float_layers else ""
    more = "" if request.weights == 8 else ", --weights 8"
    learn = "" if request.time is not None else "time to learn from the float network (--time 20m), "
    return FeatherboneError(
        f"{plan.model.graph.name} loses {_drop(before, best.top1):.2f} points of {score} on {count:,} validation "
        f"images ({100 * before:.2f} to {100 * best.top1:.2f} %){floats}, and {request.max_drop:g} are allowed",
        hint=f"allow {learn}a larger drop (--max-drop), more bits (--maps 16{more}) or more --float-layers; "
        f"the best that was found is {folder / BEST}",
    )
