"""How the processes of one training find each other: in Python, so that signals are heard and a wait is told.

torch's own rendezvous waits within C++, where neither Ctrl-C nor SIGTERM reaches a process, for ten minutes.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import timedelta

from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]

from featherbone.errors import FeatherboneError

PAUSE = 0.1  # seconds between two tries
SILENT = 5.0  # seconds after which a wait is told
ANSWER = 2.0  # seconds that one connection may take to come about


def meet(rank: int, count: int, *, patience: timedelta) -> Store:
    """The store in which all processes of a training have said that they are there.

    The first process keeps it at MASTER_ADDR and MASTER_PORT, unless `torchrun` does so already.

    Raises `FeatherboneError` where the address is not given, or not all have come within `patience`.
    """
    host, port = _address()
    kept_by_launcher = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    ours = rank == 0 and not kept_by_launcher
    if not ours:
        whom = f"process {rank + 1} of {count} waits for the first one, at {host}:{port}"
        _until(lambda: _answers(host, port), lambda: whom, patience)
    try:
        store = TCPStore(host, port, is_master=ours, timeout=patience, wait_for_workers=False, multi_tenant=True)
    except (RuntimeError, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        raise FeatherboneError(
            f"process {rank + 1} of {count} cannot use {host}:{port}: {reason}",
            hint="MASTER_PORT must be free on the machine MASTER_ADDR, the same for all processes, and no other "
            "service's",
        ) from error
    here = PrefixStore(f"featherbone/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    here.set(str(rank), "there")

    def missing() -> list[int]:
        return [other for other in range(count) if not here.check([str(other)])]

    def waits() -> str:
        absent = ", ".join(str(other + 1) for other in missing())
        return f"process {rank + 1} of {count} waits for {'process' if ',' not in absent else 'processes'} {absent}"

    _until(lambda: not missing(), waits, patience)
    return here


def _address() -> tuple[str, int]:
    host, port = os.environ.get("MASTER_ADDR", ""), os.environ.get("MASTER_PORT", "")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise FeatherboneError(
            f"WORLD_SIZE says that several processes train together; MASTER_ADDR is {host!r} and MASTER_PORT {port!r}",
            hint="start them by torchrun, or set both to the first process's machine and a free port of it",
        )
    return host, int(port)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=ANSWER).close()
    except OSError:
        return False
    return True


def _until(done: Callable[[], bool], says: Callable[[], str], patience: timedelta) -> None:
    """Try until it is done; say once what is waited for."""
    began, told = time.monotonic(), False
    while not done():
        waited = time.monotonic() - began
        if waited > patience.total_seconds():
            raise FeatherboneError(
                f"{says()}, in vain for {waited / 60:.0f} minutes",
                hint="start all with the same MASTER_ADDR, MASTER_PORT and WORLD_SIZE, and see what they said",
            )
        if waited > SILENT and not told:
            print(f"note: {says()}", file=sys.stderr, flush=True)
            told = True
        time.sleep(PAUSE)
