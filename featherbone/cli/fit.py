"""``featherbone fit``: the main job, from a folder of images and a budget to a verified network and its report."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from featherbone.cli.options import LAST_SEED, MOST, Data, Json, SettingOption
from featherbone.cli.run_output import print_run
from featherbone.errors import FeatherboneError

BUDGET = "Budget"
WORK = "Work"


def fit(
    data: Data,
    macs: Annotated[str | None, typer.Option(help="Most multiply-adds, such as 300M.", rich_help_panel=BUDGET)] = None,
    params: Annotated[str | None, typer.Option(help="Most parameters, such as 80k.", rich_help_panel=BUDGET)] = None,
    memory: Annotated[
        str | None, typer.Option(help="Most activation memory, such as 512KiB.", rich_help_panel=BUDGET)
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Largest model file (float32), such as 1MB.", rich_help_panel=BUDGET)
    ] = None,
    int8_size: Annotated[
        str | None,
        typer.Option(help="Largest model file with 8-bit weights, such as 100KB.", rich_help_panel=BUDGET),
    ] = None,
    latency: Annotated[
        str | None,
        typer.Option(help="Longest time for one image on this machine, such as 3ms.", rich_help_panel=BUDGET),
    ] = None,
    runtime: Annotated[
        str, typer.Option(help="Runtime in which latency is limited.", rich_help_panel=BUDGET)
    ] = "onnxruntime",
    threads: Annotated[
        int, typer.Option(min=1, max=MOST, help="Threads with which latency is limited.", rich_help_panel=BUDGET)
    ] = 1,
    space: Annotated[
        str, typer.Option(help="Designs to search: a name such as mobilenet_v2, or a .toml or .py file.")
    ] = "light",
    recipe: Annotated[
        str | None,
        typer.Option(help="How all designs are trained: a recipe by name or a .toml file; follows from the images."),
    ] = None,
    class_weights: Annotated[
        str | None,
        typer.Option(
            help="What an image of a class weighs in the loss: balanced, none, or such as cat=2,dog=0.5.",
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, max=MOST, help="Designs to try.", rich_help_panel=WORK)] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="Epochs that the winner is trained for.", rich_help_panel=WORK)
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Time to train for in all, such as 30m or 2h.", rich_help_panel=WORK)
    ] = None,
    total_epochs: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="Epochs of all trials together.", rich_help_panel=WORK)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST,
            help="Trials at a time, each in its own process; without it one, or what a cluster has room for.",
            rich_help_panel=WORK,
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(help="Train on a Ray cluster: auto, local or HOST:PORT.", rich_help_panel=WORK),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            help="Where trials keep checkpoints if the cluster's nodes share no folder, such as s3://bucket/runs.",
            rich_help_panel=WORK,
        ),
    ] = None,
    setting: SettingOption = None,
    resolution: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST, help="Side of the images; without it, of the data or a little less.", rich_help_panel=WORK
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=WORK)] = "auto",
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write event files for TensorBoard, too.", rich_help_panel=WORK)
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=LAST_SEED, help="Of the split, the designs and the training.")] = 0,
    name: Annotated[str | None, typer.Option(help="Name of the run, a folder in runs/.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder itself.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out files that are no images.")] = False,
    json: Json = False,
) -> None:
    """Find, train, export, verify and explain the most accurate network within a budget.

    The same command again continues where it stopped. With --json, progress goes to standard error.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import fit as run_fit
    from featherbone.quantity import parse_seconds
    from featherbone.search import Budget

    limits = {"macs": macs, "params": params, "memory": memory, "size": size, "int8_size": int8_size}
    budget = Budget.read(**limits, latency=latency, runtime=runtime, threads=threads)
    if latency is None and (runtime != "onnxruntime" or threads != 1):
        raise FeatherboneError(
            "--runtime and --threads say how latency is limited, and it is not", hint="give --latency, such as 3ms"
        )
    # Ray prints what happens to its nodes, which is no part of the JSON.
    with redirect_stdout(sys.stderr) if json else nullcontext(), Live(stderr=json) as live:
        folder = run_fit(
            data,
            budget,
            out=out,
            name=name,
            seed=seed,
            epochs=epochs,
            trials=trials,
            time=None if time is None else parse_seconds(time, what="--time"),
            total_epochs=total_epochs,
            workers=workers,
            ray=ray,
            storage=storage,
            setting=setting,
            resolution=resolution,
            space=space,
            recipe=recipe,
            class_weights=class_weights,
            device=device,
            tensorboard=tensorboard,
            skip_bad=skip_bad,
            progress=live,
        )
    print_run(folder, never_saw="the search never saw", json=json)
