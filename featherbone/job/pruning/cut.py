"""The network of a pruning after the cut, kept in a file of its own, so that it is cut once."""

from __future__ import annotations

import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from featherbone.cut_record import CutRecord, MendedRecord, WidthRecord
from featherbone.errors import FeatherboneError
from featherbone.job.images import unlabelled
from featherbone.job.pruning.plan import PruningPlan
from featherbone.job.pruning.quantities import measure_of
from featherbone.nn import save_model
from featherbone.progress import Progress
from featherbone.rewrite.cutting.cut import widths
from featherbone.rewrite.cutting.shrink import shrink
from featherbone.search.costs.budget import costs_of, describe

CUT = "cut.safetensors"  # in the run's folder


def cut(plan: PruningPlan, folder: Path, progress: Progress) -> CutRecord:
    """Cut the network to the budget, mend it, and write it into the folder: what was cut.

    Raises:
        FeatherboneError: no cut keeps the budget; too few images.
    """
    started = time.monotonic()
    model, request = plan.model, plan.request
    images = unlabelled(plan.dataset, model.preprocessing, plan.images, request.seed)
    limits, measure = request.budget.limits(), measure_of(request.budget)
    found = shrink(model, images, limits, measure, plan.means, rounds=request.rounds, progress=progress)
    graph = found.model.graph
    counted = request.budget.counted()
    breaches = counted.breaches(costs_of(graph)) if counted else ()
    if breaches:
        raise FeatherboneError(
            f"the cut network exceeds {', '.join(breaches)}: it has {costs_of(graph)}",
            hint="this is a defect of ours, which is worth reporting",
        )
    save_model(
        folder / CUT,
        replace(
            found.model,
            provenance={
                "featherbone": version("featherbone"),
                "pruned": {"name": model.graph.name, "sha256": plan.sha256, "to": describe(request.budget.limits())},
                "uncut": dict(model.provenance),
            },
        ),
    )
    mended = found.cut.mended
    return CutRecord(
        widths=tuple(
            WidthRecord(layer=layer, before=before, after=after)
            for layer, before, after in widths(found.before.graph, found.cut.network.graph)
        ),
        dropped=found.cut.dropped,
        resolution=found.model.preprocessing.resolution,
        mended=tuple(MendedRecord(layer=each.name, before=each.before, after=each.after) for each in mended.layers),
        left=mended.left,
        loss=found.loss,
        seconds=time.monotonic() - started,
    )
