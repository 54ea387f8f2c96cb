"""Weighing and mending MobileNetV2 at 224×224 stay below 2 GB, which the benchmark measures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "prune_memory.py"


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_the_whole_cut_stays_below_two_gigabytes() -> None:
    ended = subprocess.run([sys.executable, str(SCRIPT), "--whole"], capture_output=True, text=True, timeout=7000)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "the whole cut" in ended.stdout
