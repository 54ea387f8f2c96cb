"""Event files for TensorBoard, on request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError

FOLDER = "tensorboard"  # in a run folder
TAGS = {"train_loss": "loss/train", "val_loss": "loss/validation", "val_top1": "top1/validation", "lr": "learning rate"}


class EventFiles:
    """Writes the figures of each epoch into the run's folder ``tensorboard``.

    Raises:
        FeatherboneError: the package is not installed.
    """

    def __init__(self, folder: Path) -> None:
        require_tensorboard()
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / FOLDER))

    def add(self, row: Mapping[str, Any]) -> None:
        """A finished epoch."""
        for key, tag in TAGS.items():
            self._writer.add_scalar(tag, row[key], row["epoch"])
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


def require_tensorboard() -> None:
    """Raise unless the package is there."""
    try:
        import tensorboard  # noqa: F401
    except ModuleNotFoundError:
        raise FeatherboneError(
            "--tensorboard needs the package tensorboard", hint="pip install 'featherbone[tensorboard]'"
        ) from None
