"""A whole `fit` on two nodes that share nothing but a storage, with a node and the driver killed on the way.

    python benchmarks/kill_cluster.py > benchmarks/results/kill_cluster.txt        # as root, with Ray and Linux

Two Ray nodes run in mount namespaces of their own, where the run's folder is an empty disk in memory: neither sees what
the other, or the driver, writes there. First `fit` is asked without --storage, which must be refused with each node's
reason; then with it, undisturbed; then into another folder, while the second node, and then the driver, is killed and
started again. That run must end with a model and a report, no attempt charged to a trial, no rung reached twice, what
is spent equal to what was trained, and nothing left in the storage or in the nodes' temporary folders.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from machine import describe

FIT = ["digits", "--macs", "60k", "--trials", "6", "--epochs", "9", "--seed", "1"]
NOTICE = {  # milliseconds after which Ray takes a silent node for dead; by itself half a minute
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "4000",
    "RAY_health_check_failure_threshold": "4",
}
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}  # of this cluster alone
PATIENCE = 600.0  # seconds for anything to happen
COMMAND = Path(sys.executable).with_name("featherbone")


class Node:
    """A Ray node in a mount namespace and a session of its own."""

    def __init__(self, place: Path, name: str, port: int) -> None:
        self.place, self.name, self.port = place, name, port
        self.temporary = place / f"temporary {name}"
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        where = ["--head", "--port", str(self.port), "--include-dashboard", "false"]
        if self.name != "first":
            where = ["--address", f"127.0.0.1:{self.port}"]
        ray = [str(COMMAND.with_name("ray")), "start", *where, "--num-cpus", "1", "--block"]
        ray += ["--object-store-memory", "80000000", "--temp-dir", str(self.place / "ray")]
        self.temporary.mkdir(exist_ok=True)
        private = f"mount --make-rprivate / && mount -t tmpfs none '{self.place / 'runs'}' && exec \"$@\""
        environment = {**os.environ, **NOTICE, **TOKEN, "RAY_USAGE_STATS_ENABLED": "0", "TMPDIR": str(self.temporary)}
        self.process = subprocess.Popen(
            ["unshare", "-m", "bash", "-c", private, "bash", *ray],
            env={**environment, "FEATHERBONE_CACHE": str(self.place / f"cache {self.name}")},
            stdout=(self.place / f"{self.name}.log").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(lambda: "runtime started" in (self.place / f"{self.name}.log").read_text(), f"node {self.name} runs")

    def kill(self) -> None:
        """As a machine takes all with it at once: every process that descends from it."""
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():  # any of them may have begun a process
            for child in (thread / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def until(happens: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not happens():
        if time.monotonic() > end:
            raise SystemExit(f"it did not come to this within {PATIENCE:g} s: {what}")
        time.sleep(0.2)


@contextmanager
def two_nodes(place: Path) -> Iterator[tuple[Node, Node]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (place / "runs").mkdir()
    nodes = Node(place, "first", port), Node(place, "second", port)
    try:
        for node in nodes:
            node.start()
        yield nodes
    finally:
        for node in nodes:
            with suppress(AttributeError):
                node.kill()


def fit(place: Path, port: int, folder: Path, *, storage: bool = True) -> subprocess.Popen[str]:
    shared = ["--storage", f"file://{place / 'storage' / folder.name}"] if storage else []
    return subprocess.Popen(
        [str(COMMAND), "fit", *FIT, "--ray", f"127.0.0.1:{port}", *shared, "--out", str(folder)],
        env={**os.environ, **TOKEN, "FEATHERBONE_CACHE": str(place / "cache of the driver")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    if not (folder / "ledger.sqlite").exists():
        return []
    ledger = sqlite3.connect(f"{(folder / 'ledger.sqlite').as_uri()}?mode=ro", uri=True)
    try:
        return ledger.execute(query).fetchall()
    except sqlite3.OperationalError:  # it is being made
        return []
    finally:
        ledger.close()


def scored(folder: Path) -> int:
    return len(rows(folder, "SELECT * FROM rung"))


def works_on(folder: Path, node: Node) -> bool:
    """Whether an attempt goes on in a process of this node."""
    running = rows(folder, "SELECT worker FROM attempt WHERE outcome = 'running' AND worker LIKE 'node %'")
    return bool({int(str(worker).split()[-1]) for (worker,) in running} & set(descendants(node.process.pid)))


def killed(place: Path, first: Node, second: Node, folder: Path, results: dict[str, bool]) -> subprocess.Popen[str]:
    """Kill the second node and then the driver, start both again, and let the run end."""
    driver = fit(place, first.port, folder)
    until(lambda: scored(folder) >= 1 and works_on(folder, second), "a trial has a score, and another is trained there")
    second.kill()
    print(f"killed the second node, which trained a trial, with {scored(folder)} rungs reached")
    before = scored(folder)
    until(lambda: scored(folder) > before or driver.poll() is not None, "the first node goes on")
    second.start()
    driver.kill()
    said = driver.communicate(timeout=PATIENCE)[0]
    print(f"killed the driver with {scored(folder)} rungs reached")
    told = [line for line in said.splitlines() if "interrupted and goes on" in line or "is gone" in line]
    print("\n".join(told))
    results["killed: the driver tells of the node, in sentences"] = bool(told) and "raylet" not in said
    return fit(place, first.port, folder)


def checks(place: Path, folder: Path, nodes: tuple[Node, Node]) -> dict[str, bool]:
    trials = rows(folder, "SELECT state, epochs FROM trial")
    rungs = rows(folder, "SELECT trial, rung FROM rung")
    outcomes = dict(rows(folder, "SELECT outcome, count(*) FROM attempt GROUP BY outcome"))
    logged = sum(log.read_text().count("\n") for log in folder.glob("trials/*/log.jsonl"))
    print(f"{len(trials)} trials, {len(rungs)} rungs reached, attempts {outcomes}")
    return {
        "a model, an ONNX file and a report are there": all(
            (folder / name).is_file() for name in ("model.safetensors", "model.onnx", "report.html")
        ),
        "every trial is in a final state": {state for state, _ in trials} <= {"done", "stopped"} and bool(trials),
        "no attempt is charged to a trial": not {"crashed", "lost", "running"} & set(outcomes),
        "no rung was reached twice": len(rungs) == len(set(rungs)),
        "what is spent is what was trained": sum(int(str(epochs)) for _, epochs in trials) == logged,
        "nothing is left in the storage": not any((place / "storage").rglob("*.*")),
        "nothing is left in temporary folders": not any(
            path for node in nodes for path in node.temporary.glob("featherbone-*")
        ),
    }


def main() -> int:
    print(describe("torch", "ray", "fsspec", "featherbone"))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        place = Path(name)
        (place / "storage").mkdir()
        with two_nodes(place) as (first, second):
            refused = fit(place, first.port, place / "runs" / "private", storage=False)
            said = refused.communicate(timeout=PATIENCE)[0]
            results = {"without --storage both nodes are refused": said.count("gets no work: the run's folder") == 2}
            results["and the command fails"] = refused.returncode == 2
            for folder, disturbed in ((place / "runs" / "calm", False), (place / "runs" / "killed", True)):
                begin = killed if disturbed else lambda place, first, _, folder, __: fit(place, first.port, folder)
                ends = begin(place, first, second, folder, results)
                said = ends.communicate(timeout=PATIENCE)[0]
                if ends.returncode:
                    print(said)
                found = {f"exit code {ends.returncode}": ends.returncode == 0, **checks(place, folder, (first, second))}
                results |= {f"{folder.name}: {what}": held for what, held in found.items()}
    for what, held in results.items():
        print(f"{'yes' if held else 'NO '}  {what}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
