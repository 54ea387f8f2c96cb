"""What a person may name for a page: networks of the zoo, models from elsewhere, designs; and the sliders of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from featherbone.explore.network_table import Sliders
from featherbone.graph import Graph
from featherbone.graph.operators import Opaque
from featherbone.graph.resize import resize_graph
from featherbone.importing import read
from featherbone.networks import NETWORKS, network
from featherbone.networks.shared.settings import read_settings
from featherbone.search.space.design import Design

WIDTHS = (0.25, 0.35, 0.5, 0.6, 0.75, 0.85, 1.0, 1.25, 1.4, 1.5, 2.0)
RESOLUTIONS = (96, 128, 160, 192, 224, 256, 288, 320)
SMALL = (16, 24, 32, 40, 48, 64)  # for networks whose own images are that small
SMALLEST_USUAL = 64
DEPTHS = (1.0, 1.1, 1.2, 1.4, 1.8)  # of EfficientNet: B0 to B4
CLASSES, CHANNELS = 1000, 3  # of a design that nobody has data for
ORIGINAL = (
    *("mobilenet_v2", "mobilenet_v1", "mobilenet_v3_large", "mobilenet_v3_small", "shufflenet_v1", "shufflenet_v2"),
    *("squeezenet", "squeezenet1_1", "squeezenext", "mnasnet_a1", "efficientnet_b0", "efficientnet_lite0", "ghostnet"),
    *("mobilenet_v4_conv_small", "lcnet", "mcunet_in0", "regnetx_200mf", "resnext50_32x4d", "xception", "vgg16"),
    *("resnet50", "cifar_resnet20", "mlperf_tiny_resnet8", "alexnet"),
)  # on a page for which nothing was named


@dataclass(frozen=True, kw_only=True)
class ExploredNetwork:
    """A network of a page: what it is called there, the family it is listed under, its sliders.

    ``own`` are the width and resolution that it has where neither is asked for.
    ``group`` holds those that differ in ``depth`` alone; ``fixed`` is what nothing can be changed of but, for some, the
    resolution.
    """

    name: str
    family: str
    summary: str
    sliders: Sliders
    own: tuple[float | None, int | None] = (None, None)
    group: str = ""
    depth: float | None = None
    fixed: bool = False


def explored(targets: Sequence[str], inputs: Any = None) -> tuple[ExploredNetwork, ...]:
    """The networks for these targets, each with those that differ in depth alone.

    >>> [(each.name, each.depth) for each in explored(["cifar_resnet20"])][:2]
    [('cifar_resnet20', 20), ('cifar_resnet32', 32)]

    Raises:
        FeatherboneError: what names no network, model or design.
    """
    found = {each.name: each for target in targets for each in _networks(target, inputs)}
    return tuple(found.values())


def is_design(target: str) -> bool:
    """Whether a target is the line of a design."""
    return "|" in target


def design_graph(target: str) -> Graph:
    """The network of a design's line, for 1000 classes and images of three channels.

    >>> design_graph("r32 | stem w16 | basic w16").output_shape
    (1000,)
    """
    design = Design.parse(target)
    return design.graph(classes=CLASSES, channels=CHANNELS).renamed(str(design))


def _networks(target: str, inputs: Any) -> Iterator[ExploredNetwork]:
    name, _, settings = target.partition(":")
    if is_design(target):
        graph = design_graph(target)
        yield _fixed(graph, "designs", f"A design of {len(graph.nodes)} operators.")
    elif name.strip() in NETWORKS:
        network(target)  # refuses what it does not understand, before anything else
        yield from _depths(name.strip(), settings)
    else:
        imported = read(target, inputs=inputs)
        yield _fixed(imported.graph.renamed(target), "given", " ".join(imported.warnings))


def _depths(name: str, settings: str) -> Iterator[ExploredNetwork]:
    """A network, and its like of other depths."""
    entry, given = NETWORKS[name], read_settings(settings) if settings else {}
    depth = entry.fixed.get("depth")
    if depth is not None:
        alike = [each for each in NETWORKS.values() if each.function == entry.function and "depth" in each.fixed]
        for each in sorted(alike, key=lambda other: (other.name != name, other.fixed["depth"])):
            yield _one(each.name, given, group=entry.function, depth=each.fixed["depth"])
    elif isinstance(entry.settings.get("depth"), float) and "depth" not in given:
        for times in DEPTHS:
            more = given if times == 1 else {**given, "depth": str(times)}
            yield _one(name, more, group=name, depth=times)
    else:
        yield _one(name, given)


def _one(name: str, given: dict[str, str], *, group: str = "", depth: float | None = None) -> ExploredNetwork:
    entry = NETWORKS[name]
    title = _spec(name, {key: text for key, text in given.items() if key not in ("width", "resolution")})
    begun = network(_spec(name, {key: text for key, text in given.items() if key in entry.settings}))
    usual, has_width = int(begun.input_shape[1]), "width" in entry.settings
    width = float(given.get("width", 1.0)) if has_width else None
    resolutions = _with(SMALL if usual <= SMALLEST_USUAL else RESOLUTIONS, usual)
    widths = _with(WIDTHS, width) if width is not None else (None,)

    def build(width: float | None, resolution: int | None) -> Graph:
        return network(title, **({} if width is None else {"width": width}), resolution=resolution)

    sliders = Sliders(
        widths=widths,
        resolutions=resolutions,
        width=widths.index(width),
        resolution=resolutions.index(usual),
        build=build,
    )
    own = (1.0 if has_width else None, int(network(title).input_shape[1]))
    return ExploredNetwork(
        name=title, family=entry.function, summary=entry.summary, sliders=sliders, own=own, group=group, depth=depth
    )


def _fixed(graph: Graph, family: str, summary: str) -> ExploredNetwork:
    """A graph as it is; where its weights allow other resolutions, at these too."""
    start, resolutions = None, (None,)
    square = len(graph.inputs) == 1 and len(graph.input_shape) == 3 and graph.input_shape[1] == graph.input_shape[2]
    if square and not any(isinstance(node.operator, Opaque) for node in graph.nodes):
        start = int(graph.input_shape[1])
        resolutions = _with(SMALL if start <= SMALLEST_USUAL else RESOLUTIONS, start)

    def build(width: float | None, resolution: int | None) -> Graph:
        return graph if resolution is None or resolution == start else resize_graph(graph, resolution)

    sliders = Sliders(
        widths=(None,), resolutions=resolutions, width=0, resolution=resolutions.index(start), build=build
    )
    return ExploredNetwork(name=graph.name, family=family, summary=summary, sliders=sliders, fixed=True)


def _with(places: Sequence[Any], one: Any) -> tuple[Any, ...]:
    return tuple(sorted({*places, one}))


def _spec(name: str, settings: dict[str, str]) -> str:
    return name + ":" * bool(settings) + ",".join(f"{key}={text}" for key, text in settings.items())
