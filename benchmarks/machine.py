"""What every kept result names: the machine, the versions, the command."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path


def describe(*packages: str) -> str:
    """Lines for the head of a result: command, processor, Python and the versions of these packages."""
    command = " ".join(["python", *sys.argv])
    versions = ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)])
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"
    return f"command   {command}\nmachine   {machine}\nversions  {versions}\n"


def _processor() -> str:
    """The processor's name; Linux keeps it where platform does not look."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
