"""Networks of the zoo, adapted to images: classes, channels and resolution follow from the data where none is given."""

from __future__ import annotations

from typing import Any

from featherbone.cost import count
from featherbone.data import Dataset
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph import Graph
from featherbone.networks import network
from featherbone.networks.registry import NETWORKS
from featherbone.networks.shared.ends import SMALL_SIDE
from featherbone.networks.shared.settings import read_settings, require_known, typed_setting


def zoo_sizes(spec: str) -> tuple[int | None, int | None]:
    """The resolution and channels that the settings of a network fix; None where they follow from the images.

    >>> zoo_sizes("mobilenet_v2:resolution=160,width=0.5")
    (160, None)

    Raises:
        FeatherboneError: an unknown name or setting; channels that images do not have.
    """
    _, given = _read(spec)
    channels = given.get("image_channels")
    if channels not in (None, 1, 3):
        raise FeatherboneError(f"image_channels is {channels}; images have 1 (grey) or 3 (colour)")
    return given.get("resolution"), channels


def zoo_graph(spec: str, dataset: Dataset) -> tuple[Graph, tuple[str, ...]]:
    """The network for a data set, and in a sentence what followed from the data.

    >>> from featherbone.data import open_dataset
    >>> graph, said = zoo_graph("cifar_resnet20:width=0.5", open_dataset("digits"))
    >>> graph.input_shape, said
    ((1, 8, 8), ('cifar_resnet20:width=0.5 is built for digits with classes=10, image_channels=1, resolution=8',))

    Images of at most 64×64 get the small-image form of networks that have one, unless ``small`` is given. A second
    sentence says what the other form would cost.

    Raises:
        FeatherboneError: classes that are not those of the data; the images are too small for the network.
    """
    name, given = _read(spec)
    classes = len(dataset.classes)
    if given.get("classes", classes) != classes:
        raise FeatherboneError(
            f"{spec} has classes={given['classes']}; {dataset.name} has {classes} classes",
            hint="leave classes= out: it follows from the data",
        )
    adapted = _adapted(name, given, dataset)
    try:
        graph = network(spec, **adapted)
    except FeatherboneError as error:
        side = f"{dataset.resolution}×{dataset.resolution}"
        raise FeatherboneError(
            f"{spec} can't be built for {dataset.name}, {side}: {error.sentence}",
            hint=error.hint or "give a larger --resolution, or another network",
        ) from None
    listed = ", ".join(f"{key}={str(value).lower()}" for key, value in adapted.items())
    said = (f"{spec} is built for {dataset.name} with {listed}",) if listed else ()
    return graph, (*said, *_other_form(spec, given, adapted, graph))


def _other_form(spec: str, given: dict[str, Any], adapted: dict[str, Any], graph: Graph) -> tuple[str, ...]:
    """What the form that was not taken would cost, where the side of the images chose and is not far from the limit."""
    side = int(graph.input_shape[1])
    known = NETWORKS[spec.partition(":")[0].strip()].settings
    if "small" not in known or "small" in given or side > 2 * SMALL_SIDE:
        return ()
    small = adapted.get("small", False)
    try:
        other = network(spec, **{**adapted, "small": not small})
    except FeatherboneError:  # images that only one form takes leave no choice
        return ()
    form = f"the small-image form, as images of up to {SMALL_SIDE}×{SMALL_SIDE} do" if small else "the paper's strides"
    return (
        f"images of {side}×{side} get {form}: {_millions(graph)}; small={str(not small).lower()} would cost "
        f"{_millions(other)}",
    )


def _millions(graph: Graph) -> str:
    return f"{int(count(graph).macs) / 10**6:,.1f} M multiply-adds"


def zoo_usual(spec: str, dataset: Dataset) -> tuple[Graph, ...]:
    """The same network with as many classes as in its paper, where that is another number."""
    name, given = _read(spec)
    usual = NETWORKS[name].settings["classes"]
    if "classes" in given or usual == len(dataset.classes):
        return ()
    return (network(spec, **{**_adapted(name, given, dataset), "classes": usual}),)


def _adapted(name: str, given: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """The settings that follow from the data."""
    wanted: dict[str, Any] = {
        "classes": len(dataset.classes),
        "image_channels": dataset.channels,
        "resolution": dataset.resolution,
    }
    if "small" in NETWORKS[name].settings and dataset.resolution <= SMALL_SIDE:
        wanted["small"] = True
    return {key: value for key, value in wanted.items() if key not in given}


def _read(spec: str) -> tuple[str, dict[str, Any]]:
    name, colon, rest = (part.strip() for part in spec.partition(":"))
    if name not in NETWORKS:
        raise FeatherboneError(f"unknown network {name[:80]!r}", hint=did_you_mean(name[:80].lower(), NETWORKS))
    known = NETWORKS[name].settings
    given = {}
    for key, text in (read_settings(rest) if colon else {}).items():
        require_known(name, key, known)
        given[key] = typed_setting(key, text, known[key])
    return name, given
