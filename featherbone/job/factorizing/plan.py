"""A factorization before it begins: which layers take which form at which rank, and what that loses and costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph import Graph
from featherbone.graph.operators import Opaque
from featherbone.job.factorizing.request import ALL, SHARE, FactorizeRequest
from featherbone.job.factorizing.timing import ChainTime, chain_times
from featherbone.job.images import open_as_seen, unlabelled
from featherbone.job.model_in import given_model
from featherbone.job.model_out import require_place
from featherbone.nn import Model
from featherbone.progress import Progress, Step, silent
from featherbone.rewrite.factorizing import (
    FORMS,
    FactorizedLayer,
    FormTable,
    at_points,
    at_rank,
    at_share,
    best_of_each,
    moments_of,
    tabulate,
    within,
)
from featherbone.rewrite.factorizing.catalogue import form_named
from featherbone.rewrite.factorizing.layer import layers_of
from featherbone.rewrite.factorizing.plan import Ranks
from featherbone.rewrite.fold import fold
from featherbone.rewrite.mending.moments import Moments
from featherbone.rewrite.trained_graph import TrainedGraph


@dataclass(frozen=True, kw_only=True)
class SeenImages:
    """Images of a data set as the network takes them: those that layers are fitted to, and others to judge by."""

    fitted: torch.Tensor
    others: torch.Tensor


@dataclass(frozen=True, kw_only=True)
class FactorizingPlan:
    """What is to be done to a model, and what was found on the way.

    ``network`` is what is factorized: with images, the model with its norms folded. ``times`` are of the chosen layers,
    in their order, or empty.
    """

    request: FactorizeRequest
    model: Model
    network: TrainedGraph
    sample: SeenImages | None
    moments: Mapping[str, Moments] | None
    table: FormTable
    chosen: tuple[FactorizedLayer, ...]
    times: tuple[ChainTime, ...]


def plan_factorizing(request: FactorizeRequest, progress: Progress = silent) -> FactorizingPlan:
    """Read the network and the images, try the forms, choose and time; nothing is changed.

    >>> import tempfile
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, save_model, weights_of
    >>> graph = image(1, 8).conv(8, 3, name="a").conv(8, 3, name="b").global_pool().flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> model = Model(
    ...     graph=graph, weights=weights_of(module(graph, seed=0)), classes=("a", "b"), preprocessing=seen
    ... )
    >>> path = tempfile.mkdtemp() + "/tiny.safetensors"
    >>> save_model(path, model)
    >>> plan = plan_factorizing(FactorizeRequest(model=path, into="asymmetric", rank=6, untimed=True))
    >>> [(each.layer, each.cost.macs, each.whole.macs) for each in plan.chosen]
    [('b', 18432, 36864)]

    Raises:
        FeatherboneError: no model or data; a form or layer that does not exist; nothing that can be factorized so; a
            limit that is kept already or can't be reached.
    """
    forms = tuple(FORMS) if ALL in request.forms else request.forms
    for form in forms:
        form_named(form)
    if request.out is not None:
        require_place(request.out)
    model = given_model(request.model)
    layers = _matching(model.graph, request.layers)
    sample = _sample(request, model, progress)
    network = TrainedGraph(model.graph, model.weights)
    moments = None
    if sample is not None:
        network = fold(*network)
        progress(Step(name="moments", detail=f"of what {len(layers)} layers read"))
        moments = moments_of(network, sample.fitted, layers, progress=progress)
    progress(Step(name="forms", detail=", ".join(forms)))
    table = tabulate(network, layers, forms, _ranks(request), moments, progress=progress)
    if not table.tried:
        raise FeatherboneError(
            f"nothing of {model.graph.name} can be factorized so: {'; '.join(_reasons(table))}",
            hint="ask for another rank, share, form (--into all) or layer",
        )
    chosen = tuple(best_of_each(table) if request.macs is None else within(network, table, request.macs, moments))
    times = chain_times(network.graph, chosen, progress) if not request.untimed else ()
    return FactorizingPlan(
        request=request,
        model=model,
        network=network,
        sample=sample,
        moments=moments,
        table=table,
        chosen=chosen,
        times=times,
    )


def opaque_nodes(graph: Graph) -> list[str]:
    """What only its shape is known of, so that the network can't be computed."""
    return [node.name for node in graph.nodes if isinstance(node.operator, Opaque)]


def _ranks(request: FactorizeRequest) -> Ranks:
    if request.macs is not None:
        return at_points()
    return at_rank(request.rank) if request.rank is not None else at_share(request.share or SHARE)


def _matching(graph: Graph, pattern: str) -> list[str]:
    every = layers_of(graph)
    found = [name for name in every if fnmatchcase(name, pattern)]
    if not found:
        if pattern in graph:
            operator = graph[pattern].operator.kind
            raise FeatherboneError(f"--layers is {pattern}, which is a {operator}: no convolution or linear layer")
        raise FeatherboneError(
            f"no layer of {graph.name} is named {pattern!r}", hint=did_you_mean(pattern, every) if every else ""
        )
    return found


def _sample(request: FactorizeRequest, model: Model, progress: Progress) -> SeenImages | None:
    if request.data is None:
        return None
    seen = model.preprocessing
    dataset = open_as_seen(request.data, seen, seed=request.seed, skip_bad=request.skip_bad, progress=progress)
    split = "val" if len(dataset.splits["val"].images) > 1 else "train"
    return SeenImages(
        fitted=unlabelled(dataset, seen, request.images, request.seed),
        others=unlabelled(dataset, seen, request.images, request.seed, split=split),
    )


def _reasons(table: FormTable) -> list[str]:
    """The reasons, each with the layers that it holds for."""
    by_reason: dict[str, list[str]] = {}
    for layer, reason in table.left:
        by_reason.setdefault(reason, []).append(layer)
    return [
        f"{layers[0]}{f' and {len(layers) - 1} more' if len(layers) > 1 else ''}: {reason}"
        for reason, layers in by_reason.items()
    ]
