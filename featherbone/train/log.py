"""`log.jsonl`: one line of JSON for each finished epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featherbone.nn.atomic import write_atomically

NAME = "log.jsonl"


def write_log(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write the whole log again, atomically: so it never holds half a line, an epoch twice, or one that was lost.

    Raises `FeatherboneError` where it cannot be written.
    """
    with write_atomically(folder / NAME) as file:
        file.writelines(json.dumps(row).encode() + b"\n" for row in history)
