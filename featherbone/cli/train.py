"""``featherbone train``: a network on a folder of images, to a verified model and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featherbone.cli.options import LAST_SEED, MOST, Data, Json, SettingOption
from featherbone.cli.run_output import print_run
from featherbone.errors import FeatherboneError

NETWORK_HELP = (
    "A network of the zoo, such as mobilenet_v2:width=0.5, which is adapted to the images; a model.safetensors to go "
    "on from; a design such as 'r32 | stem w16 | basic w32 d2 s2'; or a graph (.json)."
)
RECIPE, START, WEIGHTS, TEACHER, WORK = "Recipe", "Where it begins", "What --weights do not say", "Teacher", "Work"


def train(
    data: Data,
    network: Annotated[str, typer.Option(help=NETWORK_HELP)],
    recipe: Annotated[
        str | None,
        typer.Option(help="A recipe by name or a .toml file; follows from the images.", rich_help_panel=RECIPE),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, max=MOST, help="Epochs.", rich_help_panel=RECIPE)] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=2, max=MOST, help="Images a step; the learning rate follows.", rich_help_panel=RECIPE),
    ] = None,
    lr: Annotated[float | None, typer.Option(help="The highest learning rate.", rich_help_panel=RECIPE)] = None,
    find_lr: Annotated[
        bool, typer.Option("--find-lr", help="Take the one that a range test finds.", rich_help_panel=RECIPE)
    ] = False,
    freeze: Annotated[
        str | None,
        typer.Option(help="backbone, none, or stages from the image on that stay as they are.", rich_help_panel=RECIPE),
    ] = None,
    class_weights: Annotated[
        str | None,
        typer.Option(
            help="What an image of a class weighs in the loss: balanced, none, or such as cat=2,dog=0.5.",
            rich_help_panel=RECIPE,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="Weights to begin with: a file, or such as torchvision/mobilenet_v2.", rich_help_panel=START),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(min=0, max=LAST_SEED, help="Of the split, the weights and the training.", rich_help_panel=START),
    ] = 0,
    resolution: Annotated[
        int | None,
        typer.Option(min=1, max=MOST, help="Side of the images; follows from data and network.", rich_help_panel=START),
    ] = None,
    crop: Annotated[
        float | None,
        typer.Option(
            help="Share of the shorter side that is seen, such as 0.875; as the weights know, else 1.",
            rich_help_panel=START,
        ),
    ] = None,
    interpolation: Annotated[
        str | None,
        typer.Option(help="Of resized images: bilinear or bicubic; as the weights know.", rich_help_panel=START),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(help="In place of each ReLU of the network, such as relu6.", rich_help_panel=WEIGHTS),
    ] = None,
    tensorflow: Annotated[
        bool | None,
        typer.Option(
            "--tensorflow/--no-tensorflow",
            help="Pad as TensorFlow, with its epsilon; published weights know.",
            rich_help_panel=WEIGHTS,
        ),
    ] = None,
    drop_background: Annotated[
        bool,
        typer.Option("--drop-background", help="Leave out the file's first class.", rich_help_panel=WEIGHTS),
    ] = False,
    mean: Annotated[
        str | None,
        typer.Option(help="Of pixels in 0..1, such as 0.5 or 0.485,0.456,0.406.", rich_help_panel=WEIGHTS),
    ] = None,
    std: Annotated[str | None, typer.Option(help="Standard deviation, likewise.", rich_help_panel=WEIGHTS)] = None,
    teacher: Annotated[
        str | None, typer.Option(help="A model.safetensors to learn from.", rich_help_panel=TEACHER)
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="Softens the answers of both; 4.", rich_help_panel=TEACHER)
    ] = None,
    teacher_weight: Annotated[
        float | None, typer.Option(help="The teacher's share of the loss; 0.9.", rich_help_panel=TEACHER)
    ] = None,
    hint_weight: Annotated[
        float | None, typer.Option(help="Of the distance of feature maps; 0 is off.", rich_help_panel=TEACHER)
    ] = None,
    teacher_precision: Annotated[
        str | None, typer.Option(help="float32, or bfloat16 where the hardware has it.", rich_help_panel=TEACHER)
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=WORK)] = "auto",
    precision: Annotated[
        str, typer.Option(help="auto (the fastest, by trial), float32 or bfloat16.", rich_help_panel=WORK)
    ] = "auto",
    setting: SettingOption = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write event files for TensorBoard, too.", rich_help_panel=WORK)
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out files that are no images.", rich_help_panel=WORK)
    ] = False,
    name: Annotated[str | None, typer.Option(help="Name of the run, a folder in runs/.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder itself.")] = None,
    json: Json = False,
) -> None:
    """Train, export, verify and explain a network.

    The same command again continues where it stopped. `torchrun … -m featherbone train …` trains in several processes.
    With --json, progress goes to standard error.
    """
    from featherbone.cli.progress import Live
    from featherbone.hub import WeightChoices
    from featherbone.job import train_network
    from featherbone.train.several.distributed import is_first

    choices = WeightChoices(
        activation=activation,
        tensorflow=tensorflow,
        drop_background=drop_background,
        mean=_numbers("mean", mean),
        std=_numbers("std", std),
        crop=crop,
        interpolation=interpolation,
    )
    with Live(stderr=json) as live:
        folder = train_network(
            data,
            network,
            recipe=recipe,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=lr,
            find_lr=find_lr,
            freeze=freeze,
            class_weights=class_weights,
            weights=weights,
            choices=choices,
            seed=seed,
            resolution=resolution,
            teacher=teacher,
            temperature=temperature,
            teacher_weight=teacher_weight,
            hint_weight=hint_weight,
            teacher_precision=teacher_precision,
            device=device,
            precision=precision,
            setting=setting,
            tensorboard=tensorboard,
            skip_bad=skip_bad,
            name=name,
            out=out,
            progress=live,
        )
    if not is_first():
        return
    print_run(folder, never_saw="it never saw", json=json)


def _numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    """One number, or several between commas."""
    if text is None:
        return None
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise FeatherboneError(
            f"--{name} is {text!r}; it must be a number, or one for each channel", hint=f"--{name} 0.485,0.456,0.406"
        ) from None
