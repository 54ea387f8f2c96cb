"""A connection to a Ray cluster, what it has room for, and who works there."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.search.executors.ray_address import no_cluster, require_cluster


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be connected to a cluster until the block ends; a process that was connected before stays so.

    ``address`` is ``auto``, ``local``, or HOST:PORT. A local cluster ends with the block.

    Raises:
        FeatherboneError: Ray is not installed; there is no cluster at ``address``.
    """
    ray = import_ray()
    if ray.is_initialized():
        yield
        return
    if address != "local":
        require_cluster(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent from a user's machine
    settings: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        settings["include_dashboard"] = False
    handler = signal.getsignal(signal.SIGTERM)
    with _without_dumps():
        try:
            ray.init(**settings)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
            ray.shutdown()
            raise no_cluster(address, first_sentence(error)) from None
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray sets its own, which would end this process with no word
        try:
            yield
        finally:
            ray.shutdown()


def alive() -> dict[str, dict[str, float]]:
    """The resources of each node that is there now, by its id."""
    return {node["NodeID"]: node["Resources"] for node in import_ray().nodes() if node["Alive"]}


def name_of(node: str) -> str:
    """A node as messages and the ledger show it: its address and the beginning of its id."""
    address = next((each["NodeManagerAddress"] for each in import_ray().nodes() if each["NodeID"] == node), "?")
    return f"node {address} {node[:8]}"


def room(threads: int = 1, *, among: Collection[str] | None = None) -> int:
    """How many tasks the nodes of the cluster, or some of them, have room for at once, at least 1."""
    share = share_of_a_task(threads)
    rooms = []
    for node, has in alive().items():
        if among is None or node in among:
            cores = int(has.get("CPU", 0) // share["num_cpus"])
            rooms.append(min(cores, int(has.get("GPU", 0))) if share["num_gpus"] else cores)
    return max(1, sum(rooms))


def fewest_cores(*, among: Collection[str] | None = None) -> int:
    """Of the cluster's nodes, or some of them: a task that asks for no more can run on any."""
    cores = [int(has.get("CPU", 0)) for node, has in alive().items() if among is None or node in among]
    return max(1, min((number for number in cores if number), default=1))


def share_of_a_task(threads: int) -> dict[str, int]:
    """What a task takes of its node: a core for each thread, and where the cluster has GPUs, one."""
    has = import_ray().cluster_resources()
    return {"num_cpus": max(1, threads), "num_gpus": 1 if has.get("GPU", 0) >= 1 else 0}


def here() -> str:
    """The node and the process, as the ledger keeps them; for use in a task."""
    ray = import_ray()
    node = ray.get_runtime_context().get_node_id()
    return f"node {ray.util.get_node_ip_address()} {node[:8]}, process {os.getpid()}"


def import_ray() -> Any:
    """The package ``ray``.

    Raises:
        FeatherboneError: it is not installed.
    """
    try:
        import ray
        import ray.exceptions
        import ray.util
        import ray.util.scheduling_strategies
    except ModuleNotFoundError as error:
        raise FeatherboneError("Ray is not installed", hint="pip install 'featherbone[cluster]'") from error
    return ray


def first_sentence(error: BaseException) -> str:
    return str(error).strip().split("\n")[0].split(". ")[0][:300]


@contextmanager
def _without_dumps() -> Iterator[None]:
    """Inside, standard output is without what Ray's own threads print there: pages of a daemon's state when one dies.

    That is no part of an answer; that a node is gone is told in a sentence of ours.
    """
    before = sys.stdout
    sys.stdout = _Spoken(before)
    try:
        yield
    finally:
        sys.stdout = before


class _Spoken:
    """A stream that takes nothing from threads of Ray, which name themselves; for the rest, the stream itself."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        written: int = self._stream.write(text)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
