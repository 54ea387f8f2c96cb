"""A packing before it begins: the network with its norms folded, the images, and how well it answers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from featherbone.data import Dataset
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.graph.operators import Opaque
from featherbone.job.images import open_as_seen, unlabelled
from featherbone.job.labels import judged_by
from featherbone.job.model_in import given_model
from featherbone.job.model_out import require_place
from featherbone.job.packing.request import RATE_DISTORTION, PackRequest
from featherbone.nn import Model
from featherbone.nn.about import About
from featherbone.nn.packed.file import packed_bytes
from featherbone.nn.packed.model import Levelled, PackedModel
from featherbone.progress import Progress, silent
from featherbone.quantity import format_bytes
from featherbone.quantize.build import require_images
from featherbone.rewrite.fold import fold
from featherbone.rewrite.trained_graph import TrainedGraph

DIGITS = 16  # of the SHA-256 of the packed model's file


@dataclass(frozen=True, kw_only=True)
class PackingPlan:
    """What is to be packed. ``network`` computes what ``model`` does; ``fitted`` are the images to round by."""

    request: PackRequest
    out: Path
    model: Model
    network: TrainedGraph
    sha256: str
    dataset: Dataset
    fitted: torch.Tensor

    def identity(self) -> str:
        """Sixteen digits that change with all that decides which file a price gives."""
        return _digits([self.sha256, self.dataset.fingerprint, self.request.images, self.request.seed])

    def course(self) -> str:
        """As many that change with what else decides how a training goes."""
        return _digits([self.request.time, self.request.drop, self.request.size])


def _digits(said: list[object]) -> str:
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:DIGITS]


def plan_packing(request: PackRequest, progress: Progress = silent) -> PackingPlan:
    """Read the network and the images.

    Raises:
        FeatherboneError: no model or data; a network that can't be computed; a size below what the graph alone takes.
    """
    if request.source is None or request.out is None:
        raise FeatherboneError(f"--method {request.method} writes no file", hint=f"--method {RATE_DISTORTION}")
    require_place(request.out)
    model, network = read_folded(request.model)
    _require_possible(request, model, network)
    dataset = open_for(model, request, request.source, progress)
    fitted = unlabelled(dataset, model.preprocessing, request.images, request.seed)
    require_images(model.graph, fitted)
    return PackingPlan(
        request=request,
        out=request.out,
        model=model,
        network=network,
        sha256=file_hash(Path(request.model)),
        dataset=dataset,
        fitted=fitted,
    )


def read_folded(path: str) -> tuple[Model, TrainedGraph]:
    """A model file, and the network that computes what it does with its norms folded.

    Raises:
        FeatherboneError: no model, or one that can't be computed.
    """
    model = given_model(path)
    opaque = next((node for node in model.graph.nodes if isinstance(node.operator, Opaque)), None)
    if opaque is not None:
        raise FeatherboneError(
            f"{model.graph.name} can't be computed: only the shape of {opaque.name} is known",
            hint="pack a network whose operators are all known; `featherbone show` lists them",
        )
    return model, fold(model.graph, model.weights)


def open_for(model: Model, request: PackRequest, source: str | Path, progress: Progress) -> Dataset:
    """The images as the model sees them; what it answers is asked where they are judged."""
    seen = model.preprocessing
    dataset = open_as_seen(source, seen, seed=request.seed, skip_bad=request.skip_bad, progress=progress)
    return judged_by(dataset, model, progress, splits=())


def about_packed(model: Model, network: TrainedGraph, sha256: str) -> About:
    """What the packed file says beside its weights; of where the model came from, its file's checksum alone."""
    packed = {"name": model.graph.name, "sha256": sha256[:DIGITS]}
    return About(
        graph=network.graph,
        classes=model.classes,
        preprocessing=model.preprocessing,
        provenance={"featherbone": version("featherbone"), "packed": packed},
    )


def _require_possible(request: PackRequest, model: Model, network: TrainedGraph) -> None:
    """Raise where not even weights that are all 0 fit into the size."""
    if request.size is None:
        return
    nothing = {
        name: Levelled(levels=np.zeros(tuple(tensor.shape), np.int16), step=1.0)
        for name, tensor in network.weights.items()
    }
    least = len(packed_bytes(PackedModel(about=about_packed(model, network, DIGITS * "0"), levels=nothing)))
    if least > request.size:
        raise FeatherboneError(
            f"--size is {format_bytes(request.size)}; graph, class names and checksum of {model.graph.name} alone take "
            f"{format_bytes(least)}",
            hint=f"allow more than {format_bytes(least)}",
        )
