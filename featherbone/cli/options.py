"""Options that several commands share, and what a NETWORK argument may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.streams import visible
from featherbone.errors import FeatherboneError

if TYPE_CHECKING:
    from featherbone.graph import Graph
    from featherbone.importing import Imported

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="[NAME:]SIZE[:TYPE]",
        help="What a model from elsewhere takes, one for each input: 3x160x160, ids:128:int64. The batch is left out, "
        "and the type is that of the weights unless given; images:[3x320x320] is a list of tensors. 3x224x224 where "
        "nothing is given.",
    ),
]

NETWORK_HELP = (
    "A network of the zoo with settings, such as mobilenet_v2:width=0.5,resolution=160; a featherbone model file "
    "(.safetensors) or graph (.json); package.module:function or file.py:function, with arguments, that builds a "
    "PyTorch model; an ONNX file; or an export archive (.pt2)."
)


def read_network(target: str, inputs: Sequence[str] | None = None) -> Graph:
    """The graph that a NETWORK argument names, as ``read_imported`` reads it."""
    return read_imported(target, inputs).graph


def read_imported(target: str, inputs: Sequence[str] | None = None) -> Imported:
    """What a NETWORK argument names; what is to be said about how it came about goes to standard error.

    Raises:
        FeatherboneError: what ``featherbone.read_model`` refuses.
    """
    from featherbone.importing import read

    imported = read(target, inputs=inputs or None)
    for sentence in imported.warnings:
        typer.echo(visible(f"note: {sentence}"), err=True)
    return imported


def inputs_of(targets: Sequence[str], inputs: Sequence[str] | None) -> dict[str, Sequence[str] | None]:
    """For each of several NETWORK arguments its inputs: networks and files that say what they take have none.

    Raises:
        FeatherboneError: inputs, and no target that could take them.
    """
    from featherbone.importing import takes_inputs

    takers = {target for target in targets if takes_inputs(target)}
    if inputs and not takers:
        raise FeatherboneError(
            f"--input is given, and {', '.join(targets)} say themselves what they take",
            hint="a network of the zoo has the setting resolution=; a file was written for one size",
        )
    return {target: inputs if target in takers else None for target in targets}
