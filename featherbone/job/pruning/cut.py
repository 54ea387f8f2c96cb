"""The network of a pruning after the cut, kept in a file of its own, so that it is cut once."""

from __future__ import annotations

import time
from importlib.metadata import version
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.job.images import unlabelled
from featherbone.job.pruning.plan import PruningPlan
from featherbone.job.pruning.quantities import measure_of
from featherbone.nn import Model, save_model
from featherbone.progress import Progress, Step
from featherbone.rewrite.cutting.cut import cut_to, widths
from featherbone.rewrite.fold import fold
from featherbone.rewrite.unfold import unfold
from featherbone.run_record import CutRecord, MendedRecord, WidthRecord
from featherbone.search.costs.budget import costs_of, describe

CUT = "cut.safetensors"  # in the run's folder
NORMED = 512  # images that new norms take their statistics from


def cut(plan: PruningPlan, folder: Path, progress: Progress) -> CutRecord:
    """Cut the network to the budget, mend it, and write it into the folder: what was cut.

    Raises:
        FeatherboneError: no cut keeps the budget; too few images.
    """
    started = time.monotonic()
    model, request = plan.model, plan.request
    images = unlabelled(plan.dataset, model.preprocessing, request.images, request.seed)
    folded = fold(model.graph, model.weights)
    found = cut_to(
        folded,
        images,
        request.budget.limits(),
        measure_of(request.budget),
        rounds=request.rounds,
        progress=progress,
    )
    progress(Step(name="norms"))
    graph, weights = unfold(*found.network, images[:NORMED])
    counted = request.budget.counted()
    breaches = counted.breaches(costs_of(graph)) if counted else ()
    if breaches:
        raise FeatherboneError(
            f"the cut network exceeds {', '.join(breaches)}: it has {costs_of(graph)}",
            hint="this is a defect of ours, which is worth reporting",
        )
    save_model(
        folder / CUT,
        Model(
            graph=graph,
            weights=weights,
            classes=model.classes,
            preprocessing=model.preprocessing,
            provenance={
                "featherbone": version("featherbone"),
                "pruned": {"name": model.graph.name, "sha256": plan.sha256, "to": describe(request.budget.limits())},
                "uncut": dict(model.provenance),
            },
        ),
    )
    return CutRecord(
        widths=tuple(
            WidthRecord(layer=layer, before=before, after=after)
            for layer, before, after in widths(folded.graph, found.network.graph)
        ),
        mended=tuple(
            MendedRecord(layer=layer.name, before=layer.before, after=layer.after) for layer in found.mended.layers
        ),
        left=found.mended.left,
        loss=found.loss,
        seconds=time.monotonic() - started,
    )
