"""``featherbone train``: a network on a folder of images, to a verified model and its report."""

from __future__ import annotations

from json import loads
from pathlib import Path
from typing import Annotated

import typer

from featherbone.cli.options import Data, Json
from featherbone.cli.output import print_json
from featherbone.cli.run_output import print_result

NETWORK_HELP = (
    "A network of the zoo, such as mobilenet_v2:width=0.5, which is adapted to the images; a model.safetensors to go "
    "on from; a design such as 'r32 | stem w16 | basic w32 d2 s2'; or a graph (.json)."
)
RECIPE = "Recipe"


def train(
    data: Data,
    network: Annotated[str, typer.Option(help=NETWORK_HELP)],
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs.", rich_help_panel=RECIPE)] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=2, help="Images a step; the learning rate follows.", rich_help_panel=RECIPE)
    ] = None,
    lr: Annotated[float | None, typer.Option(help="The highest learning rate.", rich_help_panel=RECIPE)] = None,
    resolution: Annotated[int | None, typer.Option(min=1, help="Side of the images; follows from the data.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the split, the weights and the training.")] = 0,
    name: Annotated[str | None, typer.Option(help="Name of the run, a folder in runs/.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder itself.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out files that are no images.")] = False,
    json: Json = False,
) -> None:
    """Train, export, verify and explain a network.

    The same command again continues where it stopped. With --json, progress goes to standard error.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import train_network

    with Live(stderr=json) as live:
        folder = train_network(
            data,
            network,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=lr,
            seed=seed,
            resolution=resolution,
            name=name,
            out=out,
            skip_bad=skip_bad,
            progress=live,
        )
    facts = loads((folder / "run.json").read_text(encoding="utf-8"))
    if json:
        print_json({"run": str(folder), **facts})
    else:
        print_result(folder, facts, never_saw="it never saw")
