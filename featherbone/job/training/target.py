"""What ``--network`` of a training may be, before the images are known: what it asks of them, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from featherbone.data import Dataset
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.files import MODELS
from featherbone.graph import Graph
from featherbone.graph.operators import shape_text
from featherbone.importing import FACTORY, read
from featherbone.job.training.starting import Network, continued
from featherbone.job.training.zoo_target import zoo_graph, zoo_sizes, zoo_usual
from featherbone.networks.registry import NETWORKS
from featherbone.nn import load_model
from featherbone.search.cuts.cut_design import is_cut
from featherbone.search.space.design import Design
from featherbone.view import WHOLE, View

FOREIGN = (".onnx", ".pt2")


@dataclass(frozen=True, kw_only=True)
class TrainingTarget:
    """A network that was asked for.

    ``resolution`` and ``channels`` are those that the images should have, None where the network follows them;
    ``is_fixed`` says that it takes no other resolution. ``view`` is the part of them that it is used to. ``build``
    makes the network for a data set, and ``usual`` the same with the classes of its paper, as published weights have
    them. ``title`` is a short name, for folders; ``origin`` says where its weights come from, with their SHA-256, and
    is empty for a new network.
    """

    asked: str
    title: str
    build: Callable[[Dataset], Network]
    usual: Callable[[Dataset], tuple[Graph, ...]] = lambda dataset: ()
    resolution: int | None = None
    channels: int | None = None
    view: View = WHOLE
    is_fixed: bool = True
    origin: Mapping[str, str] = field(default_factory=dict)

    def side(self, asked: int | None) -> int | None:
        """The resolution of the images; FeatherboneError where one is asked for that the network does not take."""
        if self.is_fixed and asked is not None and self.resolution not in (None, asked):
            raise FeatherboneError(
                f"{self.asked} takes images of {self.resolution}×{self.resolution}; --resolution is {asked}",
                hint="leave --resolution out: it follows from the network",
            )
        return asked or self.resolution


def read_target(asked: str, *, seed: int = 0) -> TrainingTarget:
    """What a person names: a network of the zoo, a design, a file of ours, or a function that builds a module.

    ``seed`` draws a new last layer.

    >>> target = read_target("mobilenet_v2:width=0.5,resolution=160")
    >>> target.resolution, target.channels
    (160, None)
    >>> from featherbone.data import open_dataset
    >>> made = read_target("r8 | stem w8 | basic w8 | head w16").build(open_dataset("digits"))
    >>> made.graph.input_shape, made.graph.output_shape
    ((1, 8, 8), (10,))

    Raises:
        FeatherboneError: nothing of that name; a file that holds no network that can be trained.
    """
    if is_cut(asked):
        raise FeatherboneError(
            f"{asked[:60]!r} is a cut, whose weights are in the folder of its search",
            hint="give the search's model.safetensors, or one of the files in its cuts folder",
        )
    if "|" in asked:
        return _design(asked)
    suffix = Path(asked).suffix.lower()
    if suffix in FOREIGN:
        raise FeatherboneError(
            f"{asked} is a file to run, not to train: its norms and weights are fixed in its arithmetic",
            hint="train the network that it was exported from: a name of the zoo, model.safetensors, a graph (.json)",
        )
    if suffix in MODELS:
        return _model(Path(asked), seed)
    if suffix == ".json" or (":" in asked and _is_factory(asked)):
        return _fixed(asked)
    return _zoo(asked)


def _design(asked: str) -> TrainingTarget:
    design = Design.parse(asked)
    title = str(design)[:60]

    def build(dataset: Dataset) -> Network:
        return Network(graph=design.graph(classes=len(dataset.classes), channels=dataset.channels).renamed(title))

    return TrainingTarget(asked=str(design), title=title, build=build, resolution=design.resolution)


def _zoo(asked: str) -> TrainingTarget:
    resolution, channels = zoo_sizes(asked)

    def build(dataset: Dataset) -> Network:
        graph, said = zoo_graph(asked, dataset)
        return Network(graph=graph, said=said)

    def usual(dataset: Dataset) -> tuple[Graph, ...]:
        return zoo_usual(asked, dataset)

    return TrainingTarget(asked=asked, title=asked, build=build, usual=usual, resolution=resolution, channels=channels)


def _model(path: Path, seed: int) -> TrainingTarget:
    """A model to go on from: with its own preprocessing, and a new head where the classes are others."""
    model = load_model(path)
    origin = {"source": str(path), "sha256": file_hash(path)}

    def build(dataset: Dataset) -> Network:
        return replace(continued(model, dataset, seed=seed), origin=origin)

    return TrainingTarget(
        asked=str(path),
        title=path.stem if path.stem != "model" else path.resolve().parent.name,
        build=build,
        resolution=model.preprocessing.resolution,
        channels=model.preprocessing.channels,
        view=model.preprocessing.view,
        is_fixed=False,
        origin=origin,
    )


def _fixed(asked: str) -> TrainingTarget:
    """A graph as it is; it must take these images and score these classes."""
    imported = read(asked)
    graph = imported.graph
    if len(graph.inputs) != 1 or len(graph.input_shape) != 3 or graph.input_shape[1] != graph.input_shape[2]:
        raise FeatherboneError(
            f"{asked} takes {', '.join(shape_text(node.shape) for node in graph.inputs)}; "
            "a network for images takes channels × side × side"
        )
    channels, side, _ = graph.input_shape
    if channels not in (1, 3):
        raise FeatherboneError(f"{asked} takes {channels} channels; images have 1 (grey) or 3 (colour)")

    def build(dataset: Dataset) -> Network:
        if graph.output_shape != (len(dataset.classes),):
            raise FeatherboneError(
                f"{asked} writes {shape_text(graph.output_shape)}; {dataset.name} has {len(dataset.classes)} classes",
                hint=f"end the network with {len(dataset.classes)} outputs, or name a network of the zoo",
            )
        return Network(graph=graph, said=imported.warnings)

    title = Path(asked.partition(":")[0]).stem
    return TrainingTarget(asked=asked, title=title, build=build, resolution=int(side), channels=int(channels))


def _is_factory(asked: str) -> bool:
    found = FACTORY.fullmatch(asked.strip())
    return found is not None and found["home"].strip() not in NETWORKS
