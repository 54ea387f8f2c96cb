"""``featherbone evaluate``: how good a file is on labelled images."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, print_table
from featherbone.job.common_options import DATA_HELP
from featherbone.job.option import LAST_SEED

if TYPE_CHECKING:
    from featherbone.job.evaluating.evaluate import FileEvaluation

SCHEMA = "featherbone.evaluate/1"
WORST = 8  # mistakes that the terminal shows


def evaluate(
    model: Annotated[
        Path, typer.Argument(help="model.safetensors, a packed file, model.onnx, or the folder of an export.")
    ],
    data: Annotated[str, typer.Argument(help=DATA_HELP)],
    split: Annotated[
        str | None,
        typer.Option(help="train, val, test or all; test where the images come divided, and else all, unless given."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A page (.html) to write.")] = None,
    seed: Annotated[int, typer.Option(help="Of the split.", min=0, max=LAST_SEED)] = 0,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out files that are no images.")] = False,
    json: Json = False,
) -> None:
    """Accuracy with its interval, each class, what is taken for what, calibration, and the worst mistakes.

    Any file that featherbone writes is run as `featherbone predict` runs it. With --json, progress goes to standard
    error.
    """
    from featherbone.cli.progress import Live
    from featherbone.errors import FeatherboneError
    from featherbone.job.evaluating.evaluate import evaluate_file
    from featherbone.job.model_out import require_place

    if out is not None:
        if out.suffix != ".html":
            raise FeatherboneError(f"--out is {out}; the page ends in .html", hint="--out page.html")
        require_place(out)
    with Live(stderr=json) as live:
        found = evaluate_file(model, data, split=split, seed=seed, skip_bad=skip_bad, progress=live)
    if out is not None:
        _write_page(out, found)
    if json:
        print_json({"schema": SCHEMA, **found.facts()})
        return
    _print(found)
    if out is not None:
        console().print(f"page  {out}")


def _write_page(out: Path, found: FileEvaluation) -> None:
    from featherbone.report.evaluation import write_evaluation
    from featherbone.run_record import DataRecord

    side, channels = found.pictures.shape[1], found.pictures.shape[3]
    data = DataRecord(name=found.data, classes=found.classes, resolution=side, channels=channels)
    write_evaluation(
        out,
        found.record,
        data,
        found.pictures,
        model=found.model,
        split=found.split,
        command=shlex.join(["featherbone", *sys.argv[1:]]),
        left_out=found.left_out,
    )


def _print(found: FileEvaluation) -> None:
    from featherbone.report.quality import class_rows
    from featherbone.wording import percent

    record, screen = found.record, console()
    rows = [
        (
            row["name"],
            row["taken"],
            f"{row['images']:,}",
            f"{row['right']:,}",
            *(percent(row[share]) for share in ("recall", "precision", "f1")),
        )
        for row in class_rows(record.confusion, found.classes)
        if row["images"] or row["precision"] is not None
    ]
    columns = ("class", "taken for", "images", "right", "recall", "precision", "F1")
    print_table(f"{found.model} on {found.data} ({found.split})", columns, rows, left=2)
    low, high = record.test_top1_interval
    top5 = f", top-5 {100 * record.test_top5:.2f} %" if len(found.classes) > 5 else ""
    screen.print(
        f"top-1 {100 * record.test_top1:.2f} % of {record.test_count:,} images, 95 % interval {100 * low:.2f} to "
        f"{100 * high:.2f} %{top5}"
    )
    screen.print(
        f"calibration error {100 * record.test_calibration_error:.1f} points, cross entropy {record.test_loss:.3f}, "
        f"Brier score {record.test_brier:.3f}"
    )
    mistakes = [each for each in record.worst if each.true != each.predicted][:WORST]
    if mistakes:
        shown = [
            (each.path, found.classes[each.true], found.classes[each.predicted], f"{100 * each.confidence:.1f} %")
            for each in mistakes
        ]
        print_table("the worst mistakes", ("image", "shows", "read as", "how sure"), shown, left=3)
    if found.left_out:
        path, reason = found.left_out[0]
        screen.print(f"{len(found.left_out):,} file(s) left out, such as {path}, which {reason}")
