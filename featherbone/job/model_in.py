"""The model file that a job begins with; a network without weights is named as such."""

from __future__ import annotations

from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.networks import NETWORKS
from featherbone.nn import Model, load_model


def given_model(path: str) -> Model:
    """The trained network in a file, float or packed.

        given_model("model.safetensors").graph

    Raises:
        FeatherboneError: a network without weights; no such file; what ``load_model`` refuses.
    """
    require_model_file(path)
    return load_model(path)


def require_model_file(path: str) -> None:
    """Raise where a path is a network without weights, or there is no such file."""
    name = path.partition(":")[0]
    if name in NETWORKS or Path(path).suffix == ".json":
        raise FeatherboneError(
            f"{path} is a network without weights",
            hint="`featherbone convert` makes a model file of it and weights from elsewhere",
        )
    if not Path(path).exists():
        raise FeatherboneError(
            f"there is no model file {path}",
            hint="`featherbone convert` makes one of a network and its weights, and fit and train write one",
        )
