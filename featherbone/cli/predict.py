"""``featherbone predict``: class names for images, by either file that ``fit`` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featherbone.cli.options import Json
from featherbone.cli.output import print_json, print_table
from featherbone.job.option import MOST


def predict(
    model: Annotated[Path, typer.Argument(help="model.safetensors or model.onnx of a run.")],
    images: Annotated[list[Path], typer.Argument(help="Image files.")],
    top: Annotated[int, typer.Option(min=1, max=MOST, help="How many classes to name for each image.")] = 3,
    json: Json = False,
) -> None:
    """Name what is on images, with the preprocessing that the model was trained with."""
    from featherbone.ship.predict import load_predictor

    predictions = load_predictor(model).predict(images, top=top)
    if json:
        print_json(
            [
                {"path": one.path, "top": [{"class": name, "probability": share} for name, share in one.top]}
                for one in predictions
            ]
        )
        return
    rows = [(one.path, "  ".join(f"{name} {100 * share:.1f} %" for name, share in one.top)) for one in predictions]
    print_table(str(model), ("image", "classes"), rows, left=2)
