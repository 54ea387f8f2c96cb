"""Weights from elsewhere → one model file with network, weights, class names and preprocessing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from featherbone.cost import count
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.files import read_text
from featherbone.graph import Graph
from featherbone.graph.operators import shape_text
from featherbone.hub.imagenet import BACKGROUND, imagenet_classes
from featherbone.hub.loading import load_chosen
from featherbone.importing import read
from featherbone.job.convert.request import WNIDS, ConvertRequest
from featherbone.job.model_out import require_place
from featherbone.job.weight_files import CHECKPOINT, MODEL, fetching, kind_of_ours
from featherbone.nn import Model, load_model, save_model
from featherbone.progress import Noticed, Progress, silent

MOST_NAMES = 2**24  # bytes of a file of class names


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What was written, and a sentence on each thing that was decided."""

    path: Path
    model: Model
    said: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        model, counted = self.model, count(self.model.graph)
        return {
            "model": str(self.path),
            "sha256": file_hash(self.path),
            "network": model.graph.name,
            "params": int(counted.params),
            "macs": int(counted.macs),
            "classes": list(model.classes),
            "preprocessing": asdict(model.preprocessing),
            "weights": dict(model.provenance["weights"]),
            "said": list(self.said),
        }


def run_convert(request: ConvertRequest, progress: Progress = silent) -> Conversion:
    """Do what a request asks; the file is there whole, or as it was before.

    >>> import tempfile, torch
    >>> from safetensors.torch import save_file
    >>> from featherbone.graph import image, to_json
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "tiny.json").write_text(to_json(image(3, 8).flatten().linear(2).graph("tiny")))
    >>> foreign = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2))
    >>> save_file(foreign.state_dict(), folder / "weights.safetensors")
    >>> asked = {"network": str(folder / "tiny.json"), "weights": str(folder / "weights.safetensors")}
    >>> done = run_convert(ConvertRequest(out=folder / "model.safetensors", **asked))
    >>> done.path.name, load_model(done.path).classes
    ('model.safetensors', ('0', '1'))

    Raises:
        FeatherboneError: no such network, weights or names; what does not fit each other; the file can't be written.
    """
    require_place(request.out)
    _require_foreign(request.weights)
    imported = read(request.network)
    graph = imported.graph
    for sentence in imported.warnings:
        progress(Noticed(sentence=sentence))
    outputs = _outputs(graph, request.network)
    names = _named(request.classes, outputs)
    model = load_chosen(
        graph, request.weights, request.choices, classes=names, progress=fetching(request.weights, progress)
    )
    save_model(request.out, model)
    kept = load_model(request.out)  # what it says of itself from now on
    said = kept.provenance["weights"]["remarks"]
    more = ["--classes FILE gives them other names, a line each"] if names is None else []
    return Conversion(path=request.out, model=kept, said=(*said, *more))


def _outputs(graph: Graph, asked: str) -> int:
    if len(graph.inputs) != 1 or len(graph.output_shape) != 1:
        shapes = " and ".join(shape_text(node.shape) for node in graph.inputs)
        raise FeatherboneError(
            f"{asked} takes {shapes} and writes {shape_text(graph.output_shape)}; a model file holds a network that "
            "takes one image and writes a number for each class",
            hint="name a network that classifies images",
        )
    return int(graph.output_shape[0])


def _require_foreign(weights: str) -> None:
    kind = kind_of_ours(weights)
    if kind == MODEL:
        raise FeatherboneError(f"{weights} is a model file already", hint="every command takes it as it is")
    if kind.startswith(CHECKPOINT):
        raise FeatherboneError(
            f"{weights} is the checkpoint of a run, with more than its weights",
            hint="finish the run: its model.safetensors is the file",
        )


def _named(asked: str | None, outputs: int) -> tuple[str, ...] | None:
    """The names of the classes that were asked for; None for the usual ones."""
    if asked is None:
        return None
    if asked == WNIDS:
        return _wnids(outputs)
    text = read_text(asked, most=MOST_NAMES).removeprefix("\ufeff").rstrip()
    names = tuple(line.strip() for line in text.splitlines())
    empty = next((number for number, name in enumerate(names, 1) if not name), 0)
    if empty:
        raise FeatherboneError(f"line {empty} of {asked} is empty; each line names a class", hint="fill or remove it")
    if len(names) != outputs:
        raise FeatherboneError(
            f"{asked} has {len(names):,} names, and the network has {outputs:,} outputs",
            hint="a line for each, in the order of the outputs",
        )
    return names


def _wnids(outputs: int) -> tuple[str, ...]:
    """ImageNet's classes as its folders are called."""
    wnids = tuple(imagenet_classes())
    if outputs not in (len(wnids), len(wnids) + 1):
        raise FeatherboneError(
            f"--classes is {WNIDS}, those of ImageNet's 1,000 classes, and the network has {outputs} outputs",
            hint="give a file with a name a line",
        )
    return wnids if outputs == len(wnids) else (BACKGROUND, *wnids)
