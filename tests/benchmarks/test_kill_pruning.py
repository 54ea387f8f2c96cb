"""A pruning that is killed at random moments: the benchmark that shows it must find nothing wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_pruning.py"


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_pruning_outlives_kills_at_random_moments() -> None:
    command = [sys.executable, str(SCRIPT), "--kills", "8"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=1700)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "every weight is the same: yes" in ended.stdout
