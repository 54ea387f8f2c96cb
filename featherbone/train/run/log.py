"""`log.jsonl`: one line of JSON for each finished epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError
from featherbone.run_file import LOG


def write_log(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Make the log hold exactly this history: no half line, no epoch twice, none lost, whatever ended the last run.

    Raises `FeatherboneError` where it cannot be written.
    """
    with write_atomically(folder / LOG) as file:
        file.writelines(json.dumps(row).encode() + b"\n" for row in history)


def append_to_log(folder: Path, row: Mapping[str, Any]) -> None:
    """Add one epoch. It is not flushed to the disk: the checkpoint holds the same, and `write_log` repairs the rest.

    Raises `FeatherboneError` where it cannot be written.
    """
    try:
        with (folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    except OSError as error:
        raise FeatherboneError(
            f"cannot write {folder / LOG}: {error.strerror or error}",
            hint="make room and run the same again; it goes on after the last checkpoint",
        ) from error
