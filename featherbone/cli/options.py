"""Options that several commands share, and what a NETWORK argument may be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from featherbone.graph import Graph

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

NETWORK_HELP = (
    "A network of the zoo with settings, such as mobilenet_v2:width=0.5,resolution=160; a featherbone model file "
    "(.safetensors); or a graph (.json)."
)


def read_network(target: str) -> Graph:
    """The graph that a NETWORK argument names: a file of ours, or a network of the zoo with settings.

    Raises:
        FeatherboneError: an unknown network or setting; a file that is missing or not ours.
    """
    if target.endswith(".safetensors"):
        from featherbone.nn import load_model

        return load_model(Path(target)).graph
    if target.endswith(".json"):
        from featherbone.errors import FeatherboneError
        from featherbone.graph import from_json

        try:
            return from_json(Path(target).read_text(encoding="utf-8"))
        except OSError as error:
            raise FeatherboneError(f"{target} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise FeatherboneError(f"{target} is not text, so it is no graph") from None
    from featherbone.networks import network

    return network(target)
