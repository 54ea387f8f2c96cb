"""``featherbone bench``: every file that a network can be shipped as, in one table."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.completion import complete_targets
from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, print_table
from featherbone.job.option import LAST_SEED

if TYPE_CHECKING:
    from featherbone.bench_record import BenchRow

SCHEMA = "featherbone.bench/1"
COLUMNS = ("file", "threads", "top-1", "agrees", "largest difference", "size", "p50 ms", "p90 ms", "memory")


def bench(
    models: Annotated[
        list[str],
        typer.Argument(
            help="Model files, and at the end DATA: labelled images, by which accuracy is measured and int8 chosen.",
            metavar="MODEL... [DATA]",
        ),
    ],
    to: Annotated[
        str | None, typer.Option(help="Targets, with commas; all unless given.", autocompletion=complete_targets)
    ] = None,
    precision: Annotated[str, typer.Option(help="Of float networks, with commas.")] = "float32,int8",
    input: Annotated[str | None, typer.Option(help="tensor or image; image where a target can, unless given.")] = None,
    threads: Annotated[str, typer.Option(help="Threads; several numbers with commas.")] = "1",
    split: Annotated[str | None, typer.Option(help="Of DATA: train, val, test or all, as evaluate takes it.")] = None,
    seconds: Annotated[float, typer.Option(help="That each file is run for.")] = 2.0,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    out: Annotated[Path | None, typer.Option(help="A page (.html) to write.")] = None,
    seed: Annotated[int, typer.Option(help="Of the split.", min=0, max=LAST_SEED)] = 0,
    json: Json = False,
) -> None:
    """Which file should I ship: a row for each target and precision, beside PyTorch.

    Each file is written, verified, judged on DATA and timed, all of them in turns with each other, in fresh processes.
    What fails is a row with its reason.
    """
    from featherbone.bench_record import advice
    from featherbone.cli.progress import Live
    from featherbone.job.benching.bench import run_bench
    from featherbone.job.benching.request import BenchRequest
    from featherbone.job.exporting.request import INPUTS, PRECISIONS
    from featherbone.job.exporting.words import require_known, words_of

    files, source = _divided(models)
    precisions = words_of(precision, "--precision")
    require_known(precisions, PRECISIONS, "--precision")
    require_known(() if input is None else (input,), INPUTS, "--input")
    request = BenchRequest(
        models=files,
        source=source,
        to=None if to is None else words_of(to, "--to"),
        precisions=precisions,
        input=input,
        threads=_numbers(threads),
        split=split,
        seconds=seconds,
        seed=seed,
    )
    _require_page(out)
    with Live(stderr=json or markdown) as live:
        rows = run_bench(request, live)
    if out is not None:
        from featherbone.report.bench import write_bench

        write_bench(out, rows, advice(rows), command=shlex.join(["featherbone", *sys.argv[1:]]))
    if json:
        print_json({"schema": SCHEMA, "rows": list(rows), "advice": list(advice(rows))})
        return
    _print(files, rows, markdown=markdown)
    if out is not None:
        console(stderr=markdown).print(f"page  {out}")


def _print(files: Sequence[str], rows: Sequence[BenchRow], *, markdown: bool) -> None:
    """The table, what there is to know of its rows, and what it advises."""
    from featherbone.bench_record import advice

    several = len(files) > 1
    cells = [_cells(row, several=several) for row in rows]
    if markdown:
        print(_markdown(cells))
    else:
        print_table(" ".join(files), COLUMNS, cells)
    screen = console(stderr=markdown)
    for row in rows:
        told = [row.reason] if row.reason else [*row.notes, *(f"noisy: {why}" for why in row.noise)]
        if told:
            screen.print(f"{_title(row, several=several)}, {row.threads}: {'; '.join(told)}")
    for sentence in advice(rows):
        screen.print(sentence)


def _divided(words: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """The model files, and the data where the last word is none."""
    from featherbone.files import MODELS, PACKED

    def is_model(word: str) -> bool:
        path = Path(word)
        if path.suffix in MODELS or not path.is_file():
            return path.suffix in MODELS
        with path.open("rb") as file:
            return file.read(len(PACKED)) == PACKED

    *files, last = words
    if is_model(last) or not files:
        return tuple(words), None
    return tuple(files), last


def _numbers(text: str) -> tuple[int, ...]:
    from featherbone.errors import FeatherboneError
    from featherbone.job.exporting.words import words_of

    words = words_of(text, "--threads")
    wrong = next((word for word in words if not word.isdecimal()), None)
    if wrong is not None:
        raise FeatherboneError(f"--threads is {wrong!r}; it must be a whole number", hint="several with commas: 1,2")
    return tuple(map(int, words))


def _require_page(out: Path | None) -> None:
    from featherbone.errors import FeatherboneError
    from featherbone.job.model_out import require_place

    if out is None:
        return
    if out.suffix != ".html":
        raise FeatherboneError(f"--out is {out}; the page ends in .html", hint="--out bench.html")
    require_place(out)


def _title(row: BenchRow, *, several: bool) -> str:
    return f"{row.model}: {row.title}" if several else row.title


def _cells(row: BenchRow, *, several: bool) -> tuple[str, ...]:
    from featherbone.quantity import format_bytes

    def shown(value: float | None, form: str, scale: float = 1) -> str:
        return "" if value is None else format(scale * value, form)

    return (
        _title(row, several=several) + (" (failed)" if row.reason else ""),
        str(row.threads),
        shown(row.top1, ".2f", 100),
        shown(row.top1_agreement, ".1f", 100),
        shown(row.largest_difference, ".1e"),
        "" if row.size is None else format_bytes(row.size),
        shown(row.p50_ms, ".3g") + ("?" if row.noise else ""),
        shown(row.p90_ms, ".3g"),
        "" if row.memory is None else format_bytes(row.memory),
    )


def _markdown(cells: Sequence[Sequence[str]]) -> str:
    def line(words: Sequence[str]) -> str:
        return "| " + " | ".join(word.replace("|", "\\|") for word in words) + " |"

    rule = line(["---", *("---:" for _ in COLUMNS[1:])])
    return "\n".join([line(COLUMNS), rule, *map(line, cells)])
