"""``featherbone predict``: class names for images, by any file that featherbone writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, print_table, with_lead
from featherbone.job.option import MOST

if TYPE_CHECKING:
    from featherbone.ship.predict import ImagePrediction, UnreadImage

SOME_FAILED = 1


def predict(
    model: Annotated[
        Path, typer.Argument(help="model.safetensors, a packed file, model.onnx, or the folder of an export.")
    ],
    images: Annotated[list[Path], typer.Argument(help="Image files, and folders of them.")],
    top: Annotated[int, typer.Option(min=1, max=MOST, help="How many classes to name for each image.")] = 3,
    csv: Annotated[
        Path | None, typer.Option(help="Write a table: path, class, probability, the other classes, error.")
    ] = None,
    json: Json = False,
) -> None:
    """Name what is on images, with the preprocessing that the model was trained with.

    A file that is no image fails alone: the others are answered, and the exit code is 1.
    """
    from featherbone.cli.steps import steps
    from featherbone.job.model_out import require_place
    from featherbone.ship.folder import image_files
    from featherbone.ship.predict import ImagePrediction, UnreadImage, load_predictor

    if csv is not None:
        require_place(csv)
    files = image_files(images)
    found: list[ImagePrediction | UnreadImage] = []
    classifier = load_predictor(model)
    with steps() as say:
        for each in classifier.predict_each(files, top=top):
            found.append(each)
            say(f"predicting: {len(found):,} of {len(files):,} images")
    named = [each for each in found if isinstance(each, ImagePrediction)]
    failed = [each for each in found if isinstance(each, UnreadImage)]
    if csv is not None:
        _write_table(csv, found, top)
    if json:
        print_json([_as_json(each) for each in found])
    elif csv is None or len(named) <= 20:
        rows = [(one.path, "  ".join(f"{name} {100 * share:.1f} %" for name, share in one.top)) for one in named]
        if rows:
            print_table(str(model), ("image", "classes"), rows, left=2)
    screen = console(stderr=True)
    for bad in failed:
        screen.print(with_lead("not read:", f" {bad.reason}", "bold yellow"))
    if csv is not None and not json:
        console().print(f"{len(named):,} of {len(found):,} images are in {csv}")
    if failed:
        screen.print(f"{len(failed):,} of {len(found):,} files could not be read as images")
        raise typer.Exit(SOME_FAILED)


def _as_json(one: ImagePrediction | UnreadImage) -> dict[str, object]:
    from featherbone.ship.predict import UnreadImage

    if isinstance(one, UnreadImage):
        return {"path": one.path, "error": one.reason}
    return {"path": one.path, "top": [{"class": name, "probability": share} for name, share in one.top]}


def _write_table(path: Path, found: Sequence[ImagePrediction | UnreadImage], top: int) -> None:
    """A row for each file in the order given; what could not be read has a reason and no classes."""
    from featherbone.atomic import write_atomically
    from featherbone.ship.predict import UnreadImage

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    ranks = max((len(each.top) for each in found if not isinstance(each, UnreadImage)), default=1)
    more = [f"{what}{rank}" for rank in range(2, min(top, ranks) + 1) for what in ("class", "probability")]
    writer.writerow(["path", "class", "probability", *more, "error"])
    for each in found:
        if isinstance(each, UnreadImage):
            writer.writerow([each.path, "", "", *("" for _ in more), each.reason])
        else:
            cells = [cell for name, share in each.top for cell in (name, f"{share:.6f}")]
            writer.writerow([each.path, *cells, ""])
    with write_atomically(path) as file:
        file.write(text.getvalue().encode("utf-8"))
