"""The page on formats says which versions the code writes and reads."""

from __future__ import annotations

import re
from pathlib import Path

import featherbone.cli.time as time_command
from featherbone.cost.table_formats import SCHEMA as COST
from featherbone.cost.table_formats import VERSION as COST_VERSION
from featherbone.data.index import FORMAT as PIXELS
from featherbone.graph.text import FORMAT as GRAPH
from featherbone.graph.text import VERSION as GRAPH_VERSION
from featherbone.latency.store import FORMAT as LATENCIES
from featherbone.nn.model import FORMAT as MODEL
from featherbone.nn.preprocessing import KEYS
from featherbone.nn.preprocessing import VERSION as MODEL_VERSION
from featherbone.quantize.file import FORMAT as QUANTIZED
from featherbone.quantize.file import VERSION as QUANTIZED_VERSION
from featherbone.run_file import FORMAT as RUN
from featherbone.run_file import VERSION as RUN_VERSION
from featherbone.search.record.schema import VERSION as LEDGER_VERSION
from featherbone.ship.exported import FORMAT as EXPORT
from featherbone.ship.exported import VERSION as EXPORT_VERSION
from featherbone.train.run.checkpoint import FORMAT as CHECKPOINT
from featherbone.train.transfer.kept_answers import FORMAT as ANSWERS

PAGE = (Path(__file__).parents[2] / "docs/formats.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in PAGE.splitlines() if line.startswith("| ")]


def row(word: str) -> list[str]:
    """The cells after the first of the one row whose cells hold a word."""
    (found,) = [cells for cells in ROWS if any(word in cell for cell in cells)]
    return found[1:]


def test_files_that_are_kept() -> None:
    assert row("network.json") == [f"`{GRAPH}`", str(GRAPH_VERSION), str(GRAPH_VERSION)]
    assert row("model.safetensors") == [f"`{MODEL}`", MODEL_VERSION, ", ".join(KEYS)]
    assert row("model.onnx")[1:] == row("model.tflite")[1:] == row("model.safetensors")[1:]
    assert row("a quantized model") == [f"`{QUANTIZED}`", QUANTIZED_VERSION, QUANTIZED_VERSION]
    assert row("export.json") == [f"`{EXPORT}`", EXPORT_VERSION, EXPORT_VERSION]
    assert row("featherbone cost --json") == [f"`{COST}`", str(COST_VERSION), str(COST_VERSION)]


def test_files_of_a_run() -> None:
    assert row("run.json") == [f"`{RUN}`", str(RUN_VERSION)]
    assert row("ledger.sqlite")[1] == str(LEDGER_VERSION)
    kind, version = CHECKPOINT.split()
    assert row("checkpoint.safetensors") == [f"`{kind}`", version]


def test_files_of_the_cache() -> None:
    assert row("decoded images") == [str(PIXELS)]
    name, version = LATENCIES.rsplit(" ", 1)
    assert row(f"`{name}`") == [version]
    name, version = ANSWERS.split()
    assert row(f"`{name}`") == [version]


def test_other_pages_name_the_same_versions() -> None:
    pages = Path(__file__).parents[2] / "docs"
    assert f"`PRAGMA user_version` is {LEDGER_VERSION};" in (pages / "search.md").read_text(encoding="utf-8")
    model = (pages / "model-file.md").read_text(encoding="utf-8")
    assert f"`{MODEL}`, `{MODEL_VERSION}`" in model
    assert set(re.findall(r"^\| (\d+) \|", model, flags=re.MULTILINE)) == set(KEYS)
    assert f"`{time_command.SCHEMA}`" in PAGE
