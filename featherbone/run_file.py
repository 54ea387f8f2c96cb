"""What a run folder holds, by name, and the format of its ``run.json``, which all who tell of a run read here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import COPY, MIB, read_json
from featherbone.json_values import read_value
from featherbone.run_record import RunRecord

NAME = "run.json"
LEDGER = "ledger.sqlite"  # of a search, what it tried
LOCK = "lock"  # held by the process that works on a run
TRIALS = "trials"  # of a search, a folder for each
UNCUT = "uncut"  # of a search with pretrained networks, a folder for each, fine-tuned
CUTS = "cuts"  # of such a search, the networks that its cuts begin with
NETWORK = "network.json"  # of a training, its graph
LOG = "log.jsonl"  # of a training or a trial, a line for each epoch
FORMAT, VERSION = "featherbone-run", 1
MOST, MOST_VALUES = 256 * MIB, 8_000_000  # of the file: a matrix of all confusions is its largest part


def read_record(folder: Path) -> RunRecord | None:
    """What ``run.json`` in a folder says, or None where there is none yet.

    >>> read_record(Path("no/such/run")) is None
    True

    Raises:
        FeatherboneError: it cannot be read, is no JSON, is damaged, or of another format or version.
    """
    facts = read_facts(folder)
    return None if facts is None else record_of(facts, folder)


def record_of(facts: dict[str, Any], folder: Path) -> RunRecord:
    """What is written, or is to be written, into ``run.json`` in a folder, as values.

    Raises:
        FeatherboneError: something is missing, or of another type.
    """
    try:
        record: RunRecord = read_value(NAME, facts, RunRecord)
    except FeatherboneError as error:
        raise FeatherboneError(f"{folder / NAME} is damaged: {error.sentence}", hint=COPY) from error
    return record


def read_facts(folder: Path) -> dict[str, Any] | None:
    """``run.json`` as JSON holds it, to be printed, or to be written again with more in it; None where there is none.

    Raises:
        FeatherboneError: as `read_record`, but for what is damaged within it.
    """
    path = folder / NAME
    if not path.exists():
        return None
    facts = read_json(path, most=MOST, values=MOST_VALUES)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or facts.get("version") != VERSION:
        raise FeatherboneError(
            f"{path} is not a run of format {FORMAT}, version {VERSION}",
            hint="use the version of featherbone that wrote it, or another --name",
        )
    return facts
