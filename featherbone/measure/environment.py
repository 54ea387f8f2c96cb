"""What a measurement was made on: processor, threads, versions, and how busy the machine was with other things."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A machine at a time; ``load_before`` and ``load_after`` are load averages over one minute, where there are any.

    ``versions`` holds (package, version) of what took part.
    """

    cpu: str
    cores: int
    system: str
    versions: tuple[tuple[str, str], ...]
    load_before: float | None
    load_after: float | None


def environment(packages: Sequence[str], *, load_before: float | None) -> Environment:
    """This machine now, at the end of a measurement that began under ``load_before``.

    >>> environment(["numpy"], load_before=None).versions[0][0]
    'python'
    """
    found = [("python", platform.python_version())]
    for package in ("featherbone", *packages):
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            found.append((package, "not installed as a package"))
    return Environment(
        cpu=cpu_name(),
        cores=cores(),
        system=platform.platform(terse=True),
        versions=tuple(found),
        load_before=load_before,
        load_after=load_average(),
    )


def cpu_name() -> str:
    """The processor's own name where the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """The cores that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """Bytes of memory that this process may have: the machine's, or fewer where its group is limited; 0 is unknown."""
    names = getattr(os, "sysconf_names", {})
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if "SC_PHYS_PAGES" in names else 0
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        with suppress(OSError, ValueError):  # there is none, or "max"
            found = min(found, int(limit.read_text())) if found else int(limit.read_text())
    return found


def load_average() -> float | None:
    """Processes running or waiting to run, over the last minute; None where the system does not say (Windows)."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
