"""A connection to a Ray cluster, what it has room for, and who works there."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from featherbone.errors import FeatherboneError

ADDRESSES = "auto for a cluster that runs on this machine, local for a new one, or HOST:PORT"
REACHABLE = 10.0  # seconds


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
    _require_reachable(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent from a user's machine
    settings: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        settings["include_dashboard"] = False
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**settings)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
        ray.shutdown()
        raise _no_cluster(address, first_sentence(error)) from None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # Ray sets its own, which would end this process with no word
    try:
        yield
    finally:
        ray.shutdown()


def _require_reachable(address: str) -> None:
    """Raise where nobody listens: Ray itself would try for two minutes."""
    if address in ("auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise FeatherboneError(f"{address!r} is no address of a Ray cluster", hint=f"--ray takes {ADDRESSES}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACHABLE).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, str(error)) from None


def _no_cluster(address: str, reason: str) -> FeatherboneError:
    return FeatherboneError(
        f"there is no Ray cluster at {address!r}: {reason}",
        hint=f"--ray takes {ADDRESSES}; `ray start --head` begins a cluster",
    )


def room(threads: int = 1) -> int:
    """How many tasks the nodes of the cluster have room for at once, at least 1."""
    share = share_of_a_task(threads)
    nodes = [node["Resources"] for node in import_ray().nodes() if node["Alive"]]
    rooms = [int(node.get("CPU", 0) // share["num_cpus"]) for node in nodes]
    if share["num_gpus"]:
        rooms = [min(cores, int(node.get("GPU", 0))) for cores, node in zip(rooms, nodes, strict=True)]
    return max(1, sum(rooms))


def fewest_cores() -> int:
    """Of the cluster's nodes: a task that asks for no more can run on any."""
    cores = [int(node["Resources"].get("CPU", 0)) for node in import_ray().nodes() if node["Alive"]]
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
    """The package.

    Raises:
        FeatherboneError: it is not installed.
    """
    try:
        import ray
        import ray.exceptions
        import ray.util
    except ModuleNotFoundError as error:
        raise FeatherboneError("Ray is not installed", hint="pip install 'featherbone[cluster]'") from error
    return ray


def first_sentence(error: BaseException) -> str:
    return str(error).strip().split("\n")[0].split(". ")[0][:300]
