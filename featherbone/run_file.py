"""``run.json``: what a run was asked and what it found; written by `featherbone.job`, read by all who tell of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import COPY, MIB, read_json

NAME = "run.json"
FORMAT, VERSION = "featherbone-run", 1
MOST, MOST_VALUES = 256 * MIB, 8_000_000  # of the file: a matrix of all confusions is its largest part
ALWAYS = ("job", "result")


def read_facts(folder: Path) -> dict[str, Any] | None:
    """What ``run.json`` in a folder says, or None where there is none yet.

    >>> read_facts(Path("no/such/run")) is None
    True

    Raises:
        FeatherboneError: it cannot be read, is no JSON, or is of another format or version.
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
    missing = [key for key in ALWAYS if key not in facts]
    if missing:
        raise FeatherboneError(f"{path} is damaged: it lacks {', '.join(missing)}", hint=COPY)
    return facts
