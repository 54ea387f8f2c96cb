"""A trained model cut to limits by all that may go: channels, blocks and resolution, whichever loses least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from featherbone.errors import FeatherboneError
from featherbone.nn import Model
from featherbone.progress import Progress, Step, silent
from featherbone.rewrite.cutting.answers import CutJudge, judged
from featherbone.rewrite.cutting.cut import Cut, cut_to
from featherbone.rewrite.cutting.means import Means
from featherbone.rewrite.cutting.mixed_plan import plan_mixed
from featherbone.rewrite.cutting.prices import Measure
from featherbone.rewrite.cutting.weigh import Weighed, weigh
from featherbone.rewrite.mending.mend import mend
from featherbone.rewrite.reparameterize import inference_form
from featherbone.rewrite.resize import resize
from featherbone.rewrite.trained_graph import TrainedGraph
from featherbone.rewrite.unfold import unfold

NORMED = 512  # images that new norms take their statistics from
USUAL = Means()


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """A model after a cut, with trainable norms, for the resolution that its preprocessing names.

    ``cut`` says what went of the folded network ``before``, which takes that resolution too. ``loss`` is by how much
    the answers were expected to diverge from the uncut model's, in nats: the cut's loss, and the resolution's.
    """

    model: Model
    before: TrainedGraph
    cut: Cut
    loss: float


@dataclass(frozen=True, kw_only=True)
class _Start:
    """A folded network at one resolution, weighed; ``loss`` is what the best plan and the resolution lose."""

    model: Model
    network: TrainedGraph
    images: torch.Tensor
    weighed: Weighed
    resized: float  # nats that the resolution alone loses
    loss: float


def shrink(
    model: Model,
    images: torch.Tensor,
    limits: Mapping[str, float],
    measure: Measure,
    means: Means = USUAL,
    *,
    rounds: int = 1,
    progress: Progress = silent,
) -> Shrunk:
    """Cut a model until it has at most ``limits`` of each quantity, mend it, and give it trainable norms.

    >>> from featherbone.cost import count
    >>> from featherbone.networks import network
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> from featherbone.rewrite.cutting.prices import Amount
    >>> graph = network("mlperf_tiny_resnet8")
    >>> seen = Preprocessing(resolution=32, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    >>> model = Model(
    ...     graph=graph, weights=weights_of(module(graph, seed=0)), classes=tuple("abcdefghij"), preprocessing=seen
    ... )
    >>> def macs(graph):
    ...     rows = count(graph).rows
    ...     return {"macs": Amount(total=count(graph).macs, nodes={row.name: row.macs for row in rows if row.macs})}
    >>> images = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> found = shrink(model, images, {"macs": 6_000_000}, macs, Means(multiple=8))
    >>> count(found.model.graph).macs <= 6_000_000
    True

    ``images`` are as the model takes them, without labels: a few hundred are good, and so are thousands. ``measure``
    is asked about folded graphs, with branches merged that one convolution can stand for (``inference_form``): what is
    counted is what ships. All that ``means`` allow is priced alike: by how much the answers diverge from those
    of the uncut model once the layers that read what changed were fitted anew. A smaller resolution is weighed only
    where it alone loses less than the best plan so far. The whole way of several ``rounds`` is at one resolution.

    Raises:
        FeatherboneError: limits that no cut reaches; fewer than two images, or images of another shape.
    """
    start = _best_start(model, images, limits, measure, means, progress)
    cut = cut_to(
        start.network,
        start.images,
        limits,
        measure,
        means,
        rounds=rounds,
        weighed=start.weighed,
        progress=progress,
    )
    progress(Step(name="norms"))
    graph, weights = unfold(*cut.network, start.images[:NORMED])
    shrunk = replace(start.model, graph=graph, weights=weights)
    return Shrunk(model=shrunk, before=start.network, cut=cut, loss=start.resized + cut.loss)


def resized_images(images: torch.Tensor, resolution: int) -> torch.Tensor:
    """Images as a network for a smaller resolution takes them.

    >>> resized_images(torch.ones(2, 3, 32, 32), 24).shape
    torch.Size([2, 3, 24, 24])
    """
    if images.shape[-1] == resolution:
        return images
    return F.interpolate(images, size=(resolution, resolution), mode="bilinear", antialias=True, align_corners=False)


def _best_start(
    model: Model,
    images: torch.Tensor,
    limits: Mapping[str, float],
    measure: Measure,
    means: Means,
    progress: Progress,
) -> _Start:
    """The network at the resolution at which the best plan and the resolution together lose least."""
    whole = inference_form(model.graph, model.weights)
    judge = CutJudge(whole, judged(images))
    found: _Start | None = None
    refused: FeatherboneError | None = None
    for resolution in (int(whole.graph.input_shape[-1]), *means.resolutions):
        start = resize(replace(model, graph=whole.graph, weights=whole.weights), resolution)
        network, seen = TrainedGraph(start.graph, start.weights), resized_images(images, resolution)
        resized = 0.0
        if seen is not images:
            network = mend(whole, network, images, resized=seen).network
            resized = judge.divergence_of(network, seen[: len(judge.images)])
            if found is not None and resized >= found.loss:
                continue
        progress(Step(name="weigh", detail=f"at {resolution}×{resolution}" if means.resolutions else ""))
        weighed = weigh(network, seen, means, progress)
        try:
            loss = resized + plan_mixed(weighed, limits, measure, multiple=means.multiple).loss
        except FeatherboneError as error:
            refused = refused or error
            continue
        if found is None or loss < found.loss:
            found = _Start(model=start, network=network, images=seen, weighed=weighed, resized=resized, loss=loss)
    if found is None:
        assert refused is not None, "no resolution was tried"
        raise refused
    return found
