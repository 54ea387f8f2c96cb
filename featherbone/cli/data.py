"""``featherbone data``: what a data set holds, checked; and the sets that have a name."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.completion import complete_data
from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, print_table
from featherbone.job.option import LAST_SEED, MOST

if TYPE_CHECKING:
    from featherbone.data import Dataset

LISTED = 30  # classes in the table; --json has them all


def data(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A folder of images by class, a .zip or .tar of one, a .csv of paths and labels, or a name; the names "
            "unless given.",
            autocompletion=complete_data,
        ),
    ] = None,
    resolution: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="Side of the images; follows from the data.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LAST_SEED, help="Of the split.")] = 0,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out files that are no images.")] = False,
    json: Json = False,
) -> None:
    """Check a data set, decode it into the cache, and show its classes and splits; or list the named sets.

    Every file is opened once. fit and train with the same resolution and seed then start at once.
    """
    if source is None:
        _named_sets(json)
        return
    from featherbone.cli.progress import Live
    from featherbone.job.images import open_images, record_of_data

    with Live(stderr=True) as live:
        dataset = open_images(source, resolution=resolution, seed=seed, skip_bad=skip_bad, progress=live)
    if json:
        counts = {name: _counts(dataset, name) for name in dataset.splits}
        record = asdict(record_of_data(dataset, source))
        print_json({**record, "mean": dataset.mean, "std": dataset.std, "images": counts})
        return
    _table(dataset)


def _table(dataset: Dataset) -> None:
    counts = [_counts(dataset, name) for name in dataset.splits]
    rows = [(name, *(str(count[name]) for count in counts)) for name in dataset.classes]
    if len(rows) > LISTED:
        rows = [*rows[:LISTED], (f"… {len(rows) - LISTED} more", *("" for _ in counts))]
    title = f"{dataset.name}: {len(dataset.classes)} classes, {dataset.resolution}×{dataset.resolution}"
    title += " grey" if dataset.channels == 1 else " colour"
    total = ["images", *(f"{sum(count.values()):,}" for count in counts)]
    print_table(title, ("class", *dataset.splits), rows, total=total)
    screen = console()
    for name, values in (("mean", dataset.mean), ("std", dataset.std)):
        screen.print(f"{name:12} {', '.join(f'{value:.4f}' for value in values)}")
    screen.print(f"fingerprint  {dataset.fingerprint}")
    for path, reason in dataset.skipped:
        screen.print(f"left out     {path} {reason}")


def _counts(dataset: Dataset, split: str) -> dict[str, int]:
    """How many images each class has in a split."""
    labels = dataset.splits[split].labels
    return {name: int((labels == label).sum()) for label, name in enumerate(dataset.classes)}


def _named_sets(json: bool) -> None:
    from featherbone.data import NAMED

    if json:
        fields = ("name", "about", "size", "licence", "page")
        print_json([{field: getattr(entry, field) for field in fields} for entry in NAMED.values()])
        return
    rows = [(entry.name, entry.about, entry.licence, entry.size or "-") for entry in NAMED.values()]
    print_table("named data sets", ("name", "what", "licence", "download"), rows, left=3)
