"""What ``--pretrained`` of a search may name: a model file, published weights by name, or a file of such weights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.hub import WeightChoices
from featherbone.hub.loading import load_chosen
from featherbone.hub.published import LIBRARIES, known_file, published
from featherbone.job.weight_files import CHECKPOINT, MODEL, fetching, kind_of_ours
from featherbone.networks import network
from featherbone.nn import Model, load_model
from featherbone.progress import Progress
from featherbone.rewrite.resize import resize
from featherbone.search.cuts.cut_design import CutDesign
from featherbone.train.transfer.distillation import teacher_digest
from featherbone.train.transfer.finetune import with_new_head

FOREIGN = (".onnx", ".pt2")


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """A network that was named: ``name`` tells it from the others, ``digest`` is of all that it computes."""

    source: str
    name: str
    model: Model
    digest: str

    def facts(self) -> dict[str, Any]:
        """What decides the result of a search, and not where the file is."""
        return {"name": self.name, "sha256": self.digest}


def read_pretrained(sources: Sequence[str], progress: Progress) -> tuple[Pretrained, ...]:
    """The networks that these texts name, in their order; published ones are fetched.

    Raises:
        FeatherboneError: no such file or name; no network that can be cut and trained, or weights that
            are not finite; the same network twice; networks of which some take grey images and others colours.
    """
    found: list[Pretrained] = []
    for source in sources:
        model = _read(source, progress)
        _require_usable(source, model)
        digest = teacher_digest(model)
        twice = next((other for other in found if other.digest == digest), None)
        if twice is not None:
            raise FeatherboneError(f"{source} and {twice.source} are the same network", hint="give each once")
        found.append(Pretrained(source=source, name=_name(model, found), model=model, digest=digest))
    channels = {each.model.preprocessing.channels: each.source for each in found}
    if len(channels) > 1:
        takes = " and ".join(f"{source} takes {count} channels" for count, source in channels.items())
        raise FeatherboneError(takes, hint="all designs of a search see the same images: give one kind of network")
    return tuple(found)


def channels_of(pretrained: Sequence[Pretrained]) -> int | None:
    """The channels of the images that all of them take; None where there are none.

    >>> channels_of(()) is None
    True
    """
    return pretrained[0].model.preprocessing.channels if pretrained else None


def require_takes(pretrained: Pretrained, dataset: Dataset) -> Model:
    """The network for these classes at the resolution of the images, as it would be trained.

    Raises:
        FeatherboneError: it ends in no classifier, or can't take the resolution.
    """
    model = pretrained.model
    headed = model if model.classes == dataset.classes else with_new_head(model, dataset.classes)
    if model.preprocessing.resolution == dataset.resolution:
        return headed
    try:
        return resize(headed, dataset.resolution)
    except FeatherboneError as error:
        raise FeatherboneError(
            f"{pretrained.source}: {error.sentence}",
            hint=f"give --resolution {model.preprocessing.resolution}, which it was made for",
        ) from None


def _read(source: str, progress: Progress) -> Model:
    path = Path(source)
    if source.startswith(LIBRARIES) and not path.is_file():
        return load_chosen(
            network(published(source).network), source, WeightChoices(), progress=fetching(source, progress)
        )
    if path.suffix.lower() in FOREIGN:
        raise FeatherboneError(
            f"{source} is a file to run, not to train: its norms and weights are fixed in its arithmetic",
            hint="give the weights that it was exported from; `featherbone convert` makes a model file of them",
        )
    if not path.is_file():
        raise FeatherboneError(
            f"there is no pretrained network {source!r}",
            hint="a model.safetensors, or published weights such as timm/mobilenetv2_100; `featherbone convert` makes "
            "a model file of a network and its weights",
        )
    kind = kind_of_ours(source)
    if kind.startswith(CHECKPOINT):
        raise FeatherboneError(
            f"{source} is the checkpoint of a run, with more than its weights",
            hint="finish the run: its model.safetensors is the file",
        )
    known = None if kind == MODEL else known_file(path)
    if known is not None:
        return load_chosen(network(known.network), source, WeightChoices())
    if kind != MODEL and path.suffix.lower() != ".safetensors":
        raise FeatherboneError(
            f"{source} holds no network that is known, only weights at best",
            hint="`featherbone convert` makes a model file of a network and its weights",
        )
    return load_model(source)


def _require_usable(source: str, model: Model) -> None:
    graph = model.graph
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise FeatherboneError(f"{source} has several inputs or outputs; a network with one of each can be cut")


def _name(model: Model, others: Sequence[Pretrained]) -> str:
    """The network's name as a word that a path and a design may hold, with a number where it is taken.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("my net:width=0.5")
    >>> grey = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> model = Model(graph=graph, weights=weights_of(module(graph)), classes=("a", "b"), preprocessing=grey)
    >>> first = Pretrained(source="a", name=_name(model, ()), model=model, digest="")
    >>> first.name, _name(model, [first])
    ('my-net-width-0.5', 'my-net-width-0.5-2')
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", model.graph.name).strip("-.")[:60] or "network"
    taken = {other.name for other in others}
    number = 1
    name = plain
    while name in taken:
        number += 1
        name = f"{plain}-{number}"
    return name


def origins(pretrained: Sequence[Pretrained], design: str) -> dict[str, Any]:
    """What a cut says of the network that it was cut from: where that is from, and on which terms."""
    name = CutDesign.parse(design).network
    found = next(each for each in pretrained if each.name == name)
    weights = found.model.provenance.get("weights") or {}
    known = {key: weights[key] for key in ("source", "licence") if isinstance(weights, dict) and key in weights}
    return {**found.facts(), **known}
