"""Options that several commands share, and what a NETWORK argument may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from featherbone.graph import Graph
    from featherbone.importing import Imported

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

NETWORK_HELP = (
    "A network of the zoo with settings, such as mobilenet_v2:width=0.5,resolution=160; a featherbone model file "
    "(.safetensors) or graph (.json); package.module:function or file.py:function, with arguments, that builds a "
    "PyTorch model; an ONNX file; or an export archive (.pt2)."
)


def read_network(target: str) -> Graph:
    """The graph that a NETWORK argument names, as ``read_imported`` reads it."""
    return read_imported(target).graph


def read_imported(target: str) -> Imported:
    """What a NETWORK argument names; what is to be said about how it came about goes to standard error.

    Raises:
        FeatherboneError: what ``featherbone.read_model`` refuses.
    """
    from featherbone.importing import read

    imported = read(target)
    for sentence in imported.warnings:
        typer.echo(f"note: {sentence}", err=True)
    return imported
