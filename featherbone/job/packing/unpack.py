"""A packed file as a model file."""

from __future__ import annotations

from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.job.model_out import require_model_name, require_place
from featherbone.nn import load_model, save_model
from featherbone.nn.packed.file import is_packed


def run_unpack(packed: Path, out: Path) -> Path:
    """Write the network of a packed file with its weights in float32, which any reader of safetensors opens.

        run_unpack(Path("model.fbone"), Path("model.safetensors"))

    Raises:
        FeatherboneError: no packed file, or one that is damaged; a place that can't be written to.
    """
    require_model_name(out)
    require_place(out)
    if not is_packed(packed):
        raise FeatherboneError(f"{packed} is no packed model", hint="`featherbone pack` writes one, X.fbone")
    save_model(out, load_model(packed))
    return out
