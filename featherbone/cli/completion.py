"""What a shell completes: networks, recipes, spaces, targets and other names, out of the tables that know them.

A person waits for each answer, so recipes and targets are read off their folders: importing their tables loads PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
Completer = Callable[[str], list[str]]


def complete_networks(incomplete: str) -> list[str]:
    """The networks whose name begins so, and after a colon the settings of one.

    >>> complete_networks("mobilenet_v4"), complete_networks("mobilenet_v2:width=0.5,res")
    (['mobilenet_v4_conv_small'], ['mobilenet_v2:width=0.5,resolution='])
    """
    from featherbone.networks import NETWORKS

    name, colon, settings = incomplete.partition(":")
    if not colon:
        return _beginning(NETWORKS, incomplete)
    if name not in NETWORKS:
        return []
    *given, last = settings.split(",")
    before = "".join(f"{each}," for each in given)
    taken = {each.partition("=")[0] for each in given}
    return [f"{name}:{before}{key}=" for key in NETWORKS[name].settings if key.startswith(last) and key not in taken]


def complete_blocks_and_networks(incomplete: str) -> list[str]:
    """What `featherbone formula` takes."""
    from featherbone.blocks import BLOCKS

    return [*_beginning(BLOCKS, incomplete), *complete_networks(incomplete)]


def complete_recipes(incomplete: str) -> list[str]:
    return _beginning(sorted(path.stem for path in (PACKAGE / "train/recipe/named").glob("*.toml")), incomplete)


def complete_spaces(incomplete: str) -> list[str]:
    from featherbone.search.space.named import SPACES

    return _beginning(SPACES, incomplete)


def complete_targets(incomplete: str) -> list[str]:
    """Targets, several with commas.

    >>> complete_targets("onnx,o")
    ['onnx,openvino']
    """
    return _several(sorted(path.parent.name for path in (PACKAGE / "ship").glob("*/target.py")), incomplete)


def complete_runtimes(incomplete: str) -> list[str]:
    from featherbone.measure.runtimes.catalogue import RUNTIMES

    return _several(RUNTIMES, incomplete)


def complete_forms(incomplete: str) -> list[str]:
    from featherbone.rewrite.factorizing.catalogue import FORMS

    return _several(FORMS, incomplete)


def complete_conventions(incomplete: str) -> list[str]:
    from featherbone.cost import CONVENTIONS

    return _beginning(CONVENTIONS, incomplete)


def complete_data(incomplete: str) -> list[str]:
    from featherbone.data.named import NAMED

    return _beginning(NAMED, incomplete)


# By the name of an option or argument, which means the same in every command.
COMPLETERS: dict[str, Completer] = {
    "network": complete_networks,
    "recipe": complete_recipes,
    "space": complete_spaces,
    "data": complete_data,
    "to": complete_targets,
    "into": complete_forms,
    "runtime": complete_runtimes,
}


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _several(names: Iterable[str], incomplete: str) -> list[str]:
    """Names that may be joined by commas: the last is completed by those that are not given yet."""
    *given, last = incomplete.split(",")
    before = "".join(f"{each}," for each in given)
    return [before + name for name in names if name.startswith(last) and name not in given]
