"""``featherbone search show RUN --watch``: a search as it goes on, from another terminal, until it ends."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.cli.dashboard.dashboard import Dashboard, Epochs
from featherbone.cli.dashboard.words import event_line, spending_lines
from featherbone.cli.output import console
from featherbone.errors import FeatherboneError
from featherbone.files import opened, read_bytes
from featherbone.run_file import LOCK, LOG, TRIALS

if TYPE_CHECKING:
    from featherbone.search.record.glance import Glance

PAUSE = 1.0  # seconds
LAST_BYTES = 4096  # of a log: an epoch's line is shorter


def watch(run: Path, *, json_lines: bool) -> None:
    """Show a search until it ends or is given up: a dashboard on a terminal, a line for each event elsewhere.

    Raises:
        FeatherboneError: the folder holds no ledger that can be read.
    """
    screen = console()
    if json_lines:
        for found in _glances(run):
            print(json.dumps(asdict(found), allow_nan=False))
            sys.stdout.flush()
    elif screen.is_terminal and not screen.is_dumb_terminal:
        from rich.live import Live

        with Live(Dashboard(run, lambda found: logged(run, found)), console=screen, refresh_per_second=1):
            for _ in _glances(run):
                pass
    else:
        said: set[int] = set()
        told = False
        for found in _glances(run):
            if not told:
                screen.print(f"watching {run}: {'; '.join(spending_lines(found))}")
                told = True
            for ended in reversed(found.latest):
                if ended.attempt not in said:
                    screen.print(event_line(ended, time.time()))
                    sys.stdout.flush()
            said.update(ended.attempt for ended in found.latest)
    screen = console(stderr=True)
    screen.print(_end_of(run))


def logged(run: Path, found: Glance) -> Epochs:
    """How far the trials are that are being trained, by their logs; one whose log is on another machine is left out."""
    epochs: dict[int, tuple[float, float | None]] = {}
    for each in found.running:
        with suppress(FeatherboneError, OSError, ValueError, TypeError, KeyError, IndexError, RecursionError):
            with opened(run / TRIALS / str(each.trial) / LOG) as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - LAST_BYTES))
                row = json.loads(file.read().rstrip(b"\n").rsplit(b"\n", 1)[-1])
            epochs[each.trial] = (float(row["epoch"]), row["val_top1"])
    return epochs


def _glances(run: Path) -> Iterator[Glance]:
    """The search whenever something has ended or begun, until nothing works on it."""
    from featherbone.search.record.glance import glance

    before: Glance | None = None
    while True:
        going = _process(run) is not None
        found = glance(run)
        if found != before:
            yield found
        if found.finished or not going:
            return
        before = found
        time.sleep(PAUSE)


def _end_of(run: Path) -> str:
    from featherbone.search.record.glance import glance

    if glance(run).finished:
        return f"the search has ended; `featherbone search show {run}` tells all of it"
    return f"no process on this machine works on {run}; the command that began it continues it"


def _process(run: Path) -> int | None:
    """The process that holds a run, where it is alive on this machine."""
    with suppress(FeatherboneError, OSError, ValueError, OverflowError):
        holder = int(read_bytes(run / LOCK, most=64))
        os.kill(holder, 0)
        return holder
    return None
