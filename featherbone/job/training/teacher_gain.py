"""What a teacher brought: a run beside the same run without it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.job.training.plan import identity_of
from featherbone.metrics import Z95
from featherbone.run_file import read_facts


def gain_of(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """The gain in top-1 over the same run without a teacher, which is looked for in the folders beside this one.

    ``run`` is that folder, ``top1`` what it reached, ``gain`` the difference and ``half`` the half width of its 95 %
    interval, as of two independent shares. None without a teacher, or where no such run is finished.
    """
    result = facts["result"]
    if facts["teacher"] is None or result is None:
        return None
    wanted = {**identity_of(facts), "teacher": None}
    for other in sorted(folder.resolve().parent.iterdir()):
        alone = _finished(other)
        if alone is not None and identity_of(alone) == wanted:
            top1 = alone["result"]["test_top1"]
            error = math.hypot(result["test_top1_standard_error"], alone["result"]["test_top1_standard_error"])
            return {"run": str(other), "top1": top1, "gain": result["test_top1"] - top1, "half": Z95 * error}
    return None


def _finished(folder: Path) -> dict[str, Any] | None:
    """The run.json of a training that is done, or None."""
    try:
        facts = read_facts(folder)
    except (FeatherboneError, OSError):
        return None
    is_done = facts is not None and facts.get("job") == "train" and facts.get("result") is not None
    return facts if is_done else None
