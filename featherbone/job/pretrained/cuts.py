"""The cuts of fine-tuned networks that a search tries: at several resolutions, with and without dropped blocks."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from featherbone.cut_record import CutRecord, MendedRecord, WidthRecord
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.branches import drop_branches
from featherbone.graph.resize import resize_graph
from featherbone.job.clock import clock_of
from featherbone.job.images import unlabelled
from featherbone.job.pretrained.possible import sides_of
from featherbone.job.pretrained.tuning import Uncut
from featherbone.job.pruning.quantities import measure_of
from featherbone.job.search.plan import SearchDraft
from featherbone.json_values import write_value
from featherbone.latency.designs import DesignLatencies
from featherbone.nn import Model, save_model
from featherbone.progress import Noticed, Progress, Step
from featherbone.rewrite.cutting.cut import Cut, cut_to, widths
from featherbone.rewrite.cutting.means import Means
from featherbone.rewrite.cutting.prices import Measure
from featherbone.rewrite.cutting.shrink import resized_images
from featherbone.rewrite.cutting.weigh import Weighed, weigh
from featherbone.rewrite.fold import fold
from featherbone.rewrite.mending.mend import mend
from featherbone.rewrite.resize import resize
from featherbone.rewrite.trained_graph import TrainedGraph
from featherbone.rewrite.unfold import unfold
from featherbone.search.costs.budget import Budget, costs_of
from featherbone.search.costs.file_size import FILE_HEAD
from featherbone.search.cuts.cut_design import CutDesign, cut_design
from featherbone.search.cuts.cut_file import cut_file
from featherbone.search.record.ledger import Entry
from featherbone.search.record.why import CUT

IMAGES = 1024  # of training, without their labels, that cuts are weighed and mended by
NORMED = 512  # of them that new norms take their statistics from
RESOLUTIONS = 3  # at which a network is cut
MOST = 6  # cuts, and never more than half of the trials
CUTTING = 1 / 8  # of a limited time after which no further cut is begun
EXCESS = 4.0  # times a limit that an uncut network at the resolution to cut at has, about
RESIZED = ("macs", "peak_memory", "latency")  # what a smaller resolution saves
PROVENANCE = 1024  # bytes that a file of a cut holds more than that of a design


@dataclass(frozen=True, kw_only=True)
class CutLimits:
    """The budget of a search as cuts are planned for it, and what says of a folded graph how much it has of it."""

    budget: Budget
    limits: dict[str, float]
    measure: Measure
    file_head: int


def make_cuts(
    draft: SearchDraft, uncut: Sequence[Uncut], latencies: DesignLatencies | None, progress: Progress
) -> list[Entry]:
    """Cut each network to the budget in several ways, and write what is left, mended, into the run's folder.

    A resolution at which a network keeps the budget as it is needs no cut: it competes uncut. Where a network can't be
    cut to the budget, that is told. Of a limited time they take about `CUTTING`, and each network is cut once at least.
    """
    asked = limits_of(draft, latencies)
    most = max(1, min(MOST, draft.limits.trials // 2))
    each = max(1, most // len(uncut))
    seconds = math.inf if draft.request.time is None else CUTTING * draft.request.time / len(uncut)
    found: dict[str, Entry] = {}
    for one in uncut:
        cuts, refused = _first(each, seconds, _cuts(draft, one, asked, each, progress))
        found.update((cut.design, cut) for cut in cuts if cut.design not in found)
        if not cuts:
            progress(Noticed(sentence=f"no cut of {one.pretrained.name} competes: {refused}"))
    return list(found.values())


def _first(most: int, seconds: float, cuts: Iterator[Entry | FeatherboneError]) -> tuple[list[Entry], str]:
    """The first cuts, of different designs, until there are so many or the time is over; why one could not be made."""
    found, refused, started = dict[str, Entry](), "", time.monotonic()
    for cut in cuts:
        if isinstance(cut, FeatherboneError):
            refused = refused or cut.sentence
        else:
            found.setdefault(cut.design, cut)
        if len(found) == most or (found and time.monotonic() - started > seconds):
            break
    return list(found.values()), refused


def limits_of(draft: SearchDraft, latencies: DesignLatencies | None) -> CutLimits:
    """The budget of a search as cuts are planned for it; latency is predicted, or measured where it can't be."""
    budget = draft.request.budget
    limits: dict[str, float] = dict(budget.limits())
    clock = None
    if budget.latency is not None and latencies is not None:
        measured = clock_of(budget.latency)

        def clock(graph: Graph) -> float:
            try:
                return latencies.of_graph(graph)
            except FeatherboneError:
                return measured(graph)

        limits["latency"] = budget.latency.ms / (1 + latencies.margin)
    head = draft.costs.file_head + PROVENANCE
    for name in ("size", "int8_size"):
        if name in limits:
            limits[name] -= head - FILE_HEAD  # which the measure knows of
    return CutLimits(budget=budget, limits=limits, measure=measure_of(budget, clock), file_head=head)


def resolutions_of(graph: Graph, asked: CutLimits, most: int) -> list[int]:
    """The resolutions to cut a network at, the most promising first: those at which it has about four times a limit.

    Much more leaves too little of each layer, and with less the images were made small for nothing. All at which the
    network can be built are known; where resolution changes nothing that is limited, the largest come first.
    """
    ratios: dict[int, float] = {}
    for side in sides_of(graph):
        found = asked.measure(resize_graph(graph, side))
        ratios[side] = max(
            (found[name].total / asked.limits[name] for name in RESIZED if name in found), default=EXCESS
        )
    return sorted(ratios, key=lambda side: (abs(math.log(ratios[side] / EXCESS)), -side))[:most]


@dataclass(frozen=True, kw_only=True)
class CutStart:
    """A folded network at one resolution before it is cut, the images that it takes, and what its parts are worth."""

    model: Model  # not folded
    network: TrainedGraph
    images: torch.Tensor
    weighed: Weighed


def _cuts(
    draft: SearchDraft, uncut: Uncut, asked: CutLimits, most: int, progress: Progress
) -> Iterator[Entry | FeatherboneError]:
    """The cuts of one network, or why there is none: one at each resolution, then those without dropped blocks."""
    model = uncut.model()
    whole = fold(model.graph, model.weights)
    images = unlabelled(draft.dataset, model.preprocessing, IMAGES, draft.request.seed)
    again: list[CutStart] = []
    for side in resolutions_of(whole.graph, asked, min(most, RESOLUTIONS)):
        progress(Step(name="cut", detail=f"{uncut.pretrained.name} at {side}×{side}"))
        smaller = resize(model, side)
        if not asked.budget.breaches(_costs(smaller.graph, asked)):
            yield _kept(draft, uncut, smaller, asked)
            continue
        start = _weighed(model, whole, smaller, images, progress)
        found = _cut(draft, uncut, start, asked, Means(), progress)
        yield found
        if isinstance(found, Entry) and CutDesign.parse(found.design).dropped:
            again.append(start)
    for start in again:
        yield _cut(draft, uncut, start, asked, Means(blocks=False), progress)


def _weighed(model: Model, whole: TrainedGraph, smaller: Model, images: torch.Tensor, progress: Progress) -> CutStart:
    """A network at the resolution of ``smaller``, its layers without sides mended, and its parts weighed."""
    side = smaller.preprocessing.resolution
    resized = resize(replace(model, graph=whole.graph, weights=whole.weights), side)
    network, seen = TrainedGraph(resized.graph, resized.weights), resized_images(images, side)
    if seen is not images:
        network = mend(whole, network, images, resized=seen, progress=progress).network
    return CutStart(model=smaller, network=network, images=seen, weighed=weigh(network, seen, Means(), progress))


def _cut(
    draft: SearchDraft, uncut: Uncut, start: CutStart, asked: CutLimits, means: Means, progress: Progress
) -> Entry | FeatherboneError:
    """One cut, written down, or why it can't be made."""
    started = time.monotonic()
    weighed = start.weighed if means.blocks else replace(start.weighed, blocks={})
    try:
        cut = cut_to(
            start.network, start.images, asked.limits, asked.measure, means, weighed=weighed, progress=progress
        )
    except FeatherboneError as error:
        return error
    return _entry(draft, uncut, start, cut, asked, time.monotonic() - started)


def _kept(draft: SearchDraft, uncut: Uncut, model: Model, asked: CutLimits) -> Entry:
    """The uncut network at a resolution, as it is."""
    design = cut_design(uncut.pretrained.name, int(model.graph.input_shape[-1]), (), model.graph, model.graph)
    record = CutRecord(widths=(), mended=(), left=(), loss=0.0, seconds=0.0, resolution=design.resolution)
    return _written(draft, design, model, record, asked)


def _entry(
    draft: SearchDraft, uncut: Uncut, start: CutStart, cut: Cut, asked: CutLimits, seconds: float
) -> Entry | FeatherboneError:
    """A cut with trainable norms, written down."""
    graph, weights = unfold(*cut.network, start.images[:NORMED])
    before = drop_branches(start.network.graph, cut.dropped)
    design = cut_design(uncut.pretrained.name, int(graph.input_shape[-1]), cut.dropped, before, graph)
    changed = widths(start.network.graph, cut.network.graph)
    record = CutRecord(
        widths=tuple(WidthRecord(layer=layer, before=was, after=now) for layer, was, now in changed),
        dropped=cut.dropped,
        resolution=design.resolution,
        mended=tuple(MendedRecord(layer=each.name, before=each.before, after=each.after) for each in cut.mended.layers),
        left=cut.mended.left,
        loss=cut.loss,
        seconds=seconds,
    )
    found = _written(draft, design, replace(start.model, graph=graph, weights=weights), record, asked)
    breaches = asked.budget.breaches(found.costs)
    if breaches:
        return FeatherboneError(f"{design} exceeds {', '.join(breaches)}")
    return found


def _written(draft: SearchDraft, design: CutDesign, model: Model, record: CutRecord, asked: CutLimits) -> Entry:
    path = cut_file(draft.folder, str(design))
    path.parent.mkdir(parents=True, exist_ok=True)
    provenance: dict[str, Any] = {"design": str(design), "cut": write_value(record)}
    save_model(path, replace(model, provenance=provenance))
    return Entry(design=str(design), origin=CUT, costs=_costs(model.graph, asked))


def _costs(graph: Graph, asked: CutLimits) -> Any:
    costs = costs_of(graph, file_head=asked.file_head)
    if asked.budget.latency is None:
        return costs
    return replace(costs, latency=asked.measure(graph)["latency"].total)
