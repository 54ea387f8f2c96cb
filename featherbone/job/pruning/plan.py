"""All that decides the result of a pruning, put together from what was asked, the network and the images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from featherbone.data import Dataset
from featherbone.data.splits import SPLITS
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.files import MIB
from featherbone.graph import Graph
from featherbone.graph.operators import Opaque
from featherbone.job.images import open_as_seen, record_of_data
from featherbone.job.labels import judged_by, with_labels_of
from featherbone.job.model_in import given_model
from featherbone.job.pruning.quantities import measure_of
from featherbone.job.pruning.request import PruneRequest
from featherbone.job.training.plan import SHOWN, data_words
from featherbone.json_values import write_value
from featherbone.nn import Model, Preprocessing
from featherbone.progress import Progress, silent
from featherbone.rewrite import inference_form, reparameterize
from featherbone.rewrite.cutting.means import Means, smaller_resolutions
from featherbone.rewrite.cutting.mixed_plan import require_reachable
from featherbone.run_record import RunRecord
from featherbone.search.costs.budget import Costs, costs_of, describe

IMAGES, FEWEST = 2048, 64  # of training, that layers are fitted to, where nothing is asked for
MEMORY = 256 * MIB  # bytes that they take at most


@dataclass(frozen=True, kw_only=True)
class PruningPlan:
    """A pruning before it begins: what was asked, the network, its file's SHA-256, the images, and what may go."""

    request: PruneRequest
    model: Model
    sha256: str
    dataset: Dataset
    means: Means

    @property
    def title(self) -> str:
        """A short name of the network."""
        return f"{self.model.graph.name}-pruned"

    @property
    def images(self) -> int:
        """How many images layers are fitted to at most: as asked for, or as many as are usual and fit into memory."""
        return self.request.images or usual_images(self.model.preprocessing.shape)

    def facts(self) -> dict[str, Any]:
        """What run.json says from the start."""
        return {
            "job": "prune",
            "data": write_value(record_of_data(self.dataset, self.request.source)),
            "budget": self.request.budget.to_json(),
            "pruned": {
                "source": self.request.model,
                "name": self.model.graph.name,
                "sha256": self.sha256,
                "images": self.images,
                "rounds": self.request.rounds,
                "time": self.request.time,
                "cut": list(self.request.cuts),
                "multiple": self.request.multiple,
            },
            "asked_setting": self.request.setting,
            "seed": self.request.seed,
        }


def pruning_identity(record: RunRecord) -> dict[str, Any]:
    """What must be the same for a run to go on, out of its record, by the names that a message shows."""
    pruned = record.pruned
    return {
        "data": data_words(record.data),
        "network": pruned and f"{pruned.name} ({pruned.sha256[:SHOWN]})",
        "budget": record.budget,
        "images": pruned and pruned.images,
        "rounds": pruned and pruned.rounds,
        "time": pruned and pruned.time,
        "cut": pruned and ",".join(pruned.cut),
        "multiple": pruned and pruned.multiple,
        "seed": record.seed,
        "setting": record.asked_setting,
    }


def usual_images(shape: tuple[int, int, int]) -> int:
    """How many images of a shape layers are fitted to where nothing is asked for.

    >>> usual_images((3, 32, 32)), usual_images((3, 224, 224)), usual_images((3, 2048, 2048))
    (2048, 445, 64)
    """
    return max(FEWEST, min(IMAGES, MEMORY // (4 * prod(shape))))


def plan_pruning(request: PruneRequest, progress: Progress) -> PruningPlan:
    """Read the network and the images, and see that something is to be done that can be done.

    Raises:
        FeatherboneError: no model or data set; a budget that is kept already, or by no cut.
    """
    model = given_model(request.model)
    _require_one_answer(model)
    _require_known(model)
    shipped = reparameterize(model.graph, model.weights).graph
    _require_more_than(request, costs_of(shipped), model.graph.name)
    means = _means(request, inference_form(model.graph, model.weights).graph)
    splits = ("val", "test") if request.time is None else SPLITS
    dataset = judged_by(_opened(request, model.preprocessing, progress), model, progress, splits)
    return PruningPlan(
        request=request, model=model, sha256=file_hash(Path(request.model)), dataset=dataset, means=means
    )


def images_for(plan: PruningPlan, seen: Preprocessing) -> Dataset:
    """The images of a pruning as a network with this preprocessing takes them: at another resolution, it may be."""
    if seen == plan.model.preprocessing:
        return plan.dataset
    return with_labels_of(_opened(plan.request, seen, silent), plan.dataset)


def _opened(request: PruneRequest, seen: Preprocessing, progress: Progress) -> Dataset:
    return open_as_seen(request.source, seen, seed=request.seed, skip_bad=request.skip_bad, progress=progress)


def _means(request: PruneRequest, graph: Graph) -> Means:
    """What may go of a folded graph.

    Raises:
        FeatherboneError: all of it leaves more than the budget.
    """
    limits, measure = request.budget.limits(), measure_of(request.budget)
    found = Means(widths="widths" in request.cuts, blocks="blocks" in request.cuts, multiple=request.multiple)
    smaller = smaller_resolutions(graph, limits, measure) if "resolution" in request.cuts else ()
    require_reachable(graph, limits, measure, found, smaller)
    return replace(found, resolutions=smaller)


def _require_one_answer(model: Model) -> None:
    if len(model.graph.outputs) != 1 or len(model.graph.inputs) != 1:
        raise FeatherboneError(f"{model.graph.name} has several inputs or outputs; one of each can be pruned")


def _require_known(model: Model) -> None:
    """Raise where the network can't be computed, so that nobody knows what a cut of it loses."""
    opaque = [node for node in model.graph.nodes if isinstance(node.operator, Opaque)]
    if opaque:
        raise FeatherboneError(
            f"{model.graph.name} can't be run, as {opaque[0].name} ({opaque[0].operator.describe()}) is outside the "
            "vocabulary, so that no cut of it can be judged",
            hint="`featherbone channels` lists what can be cut all the same, and featherbone.rewrite.narrow cuts it",
        )


def _require_more_than(request: PruneRequest, costs: Costs, name: str) -> None:
    """Raise where the network keeps the budget already, as far as that is known without measuring."""
    counted, limits = request.budget.counted(), request.budget.limits()
    if request.budget.latency is None and counted is not None and not counted.breaches(costs):
        known: Mapping[str, Any] = {what: getattr(costs, what) for what in limits}
        raise FeatherboneError(
            f"there is nothing to cut: {name} has {describe(known)}, and the limit is {describe(limits)}",
            hint="ask for less",
        )
