"""A search on nodes that share nothing, killed on the way: the benchmark that shows it must find nothing wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_cluster.py"


@pytest.mark.cluster
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not shutil.which("unshare") or os.geteuid() != 0, reason="needs unshare, as root on Linux")
def test_a_search_outlives_a_node_and_its_driver_where_nothing_is_shared() -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'featherbone[cluster]'")
    ended = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=3500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "NO " not in ended.stdout
    assert ended.stdout.count("yes  ") == 19
