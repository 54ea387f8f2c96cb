"""A model is profiled without its weights: in a process of its own, as the peak of memory is one number a process."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

MODEL = """
from torch import nn


def build():
    layer = nn.TransformerEncoderLayer(2048, 16, 8192, batch_first=True)
    return nn.Sequential(nn.Conv2d(3, 2048, 14, 14), nn.Flatten(2), Turned(), nn.TransformerEncoder(layer, 20))


class Turned(nn.Module):
    def forward(self, x):
        return x.transpose(1, 2)
"""
SCRIPT = """
import sys
from pathlib import Path
from featherbone.importing import read
from featherbone.cost import count

imported = read(sys.argv[1], (3, 224, 224))
print(count(imported.graph).params, imported.warnings, Path("/proc/self/status").read_text())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux says what a process needed at its peak")
def test_a_billion_parameters_from_a_factory_take_under_a_gigabyte(tmp_path: Path) -> None:
    (tmp_path / "large.py").write_text(MODEL)
    command = [sys.executable, "-c", SCRIPT, f"{tmp_path / 'large.py'}:build"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    layer = 4 * (2048 * 2048 + 2048) + 2 * 2048 * 8192 + 8192 + 2048 + 4 * 2048
    assert said.startswith(f"{3 * 14 * 14 * 2048 + 2048 + 20 * layer} () ")
    peak = re.search(r"VmHWM:\s+(\d+) kB", said)
    assert peak is not None
    assert int(peak[1]) < 1_000_000  # kB: the weights alone would take four times as much
