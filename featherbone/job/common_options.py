"""The options that every job has."""

from __future__ import annotations

from dataclasses import MISSING
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.job.option import LAST_SEED, option
from featherbone.quantity import exact, parse_seconds

DATA_HELP = (
    "A folder of images by class, a .zip or .tar of one, a .csv of paths and labels, or a name: digits, cifar10, "
    "cifar100, fashion-mnist, imagenette, imagenette-320, imagenette-160."
)
PHOTOS_HELP = (
    "Images that the network will see: what fit takes, or photos without labels, which its own answers then stand for. "
    f"{DATA_HELP}"
)
WORK = "Work"  # a panel of the help


def source() -> Any:
    return option(DATA_HELP, default=MISSING, name="data", is_argument=True)


def photos() -> Any:
    return option(PHOTOS_HELP, default=MISSING, name="data", is_argument=True)


def seed(of: str, panel: str | None = None) -> Any:
    return option(f"Of the split, the {of} and the training.", int, default=0, least=0, most=LAST_SEED, panel=panel)


def class_weights(panel: str | None = None) -> Any:
    return option("What an image of a class weighs in the loss: balanced, none, or such as cat=2,dog=0.5.", panel=panel)


def device() -> Any:
    return option("auto, cpu or cuda.", default="auto", panel=WORK)


def setting() -> Any:
    return option(
        "How steps are computed, in place of a trial: memory format, precision, kernels and threads, such as "
        "'channels_last, float32, fused, 1 thread'.",
        panel=WORK,
    )


def tensorboard() -> Any:
    return option("Write event files for TensorBoard, too.", bool, default=False, panel=WORK)


def skip_bad(panel: str | None = None) -> Any:
    return option("Leave out files that are no images.", bool, default=False, panel=panel)


def name() -> Any:
    return option("Name of the run, a folder in runs/.")


def out() -> Any:
    return option("The run's folder itself.", Path)


def teacher(panel: str) -> Any:
    return option("A model.safetensors to learn from.", panel=panel)


def temperature(panel: str) -> Any:
    return option("Softens the answers of both; 4.", float, panel=panel)


def teacher_weight(panel: str) -> Any:
    return option("The teacher's share of the loss; 0.9.", float, panel=panel)


def teacher_views(panel: str) -> Any:
    return option(
        "Views of each image that it is asked about, once for each; 16, and 0 is another every epoch.",
        int,
        least=0,
        panel=panel,
    )


def require_teacher(request: Any, said_of_it: tuple[str, ...]) -> None:
    """Raise where one of these fields of a request is given, and no teacher is."""
    given = [f"--{name.replace('_', '-')}" for name in said_of_it if getattr(request, name) is not None]
    if given and request.teacher is None and not getattr(request, "pretrained", ()):
        raise FeatherboneError(f"{given[0]} is given without a teacher", hint="give --teacher model.safetensors")


def time(help: str) -> Any:
    return option(help, panel=WORK, read=_seconds, write=_seconds_text)


def _seconds(text: str, flag: str) -> float:
    return parse_seconds(text, what=flag)


def _seconds_text(value: float) -> str:
    return f"{exact(value)}s"
