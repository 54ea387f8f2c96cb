"""Trials as tasks of a real Ray cluster of two nodes: one dies in the middle of a search, and workers do."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_training import RUNGS, FakeTraining, run, table

from featherbone.errors import FeatherboneError
from featherbone.progress import Event, Noticed, Trained, TrialFailed, silent
from featherbone.search import open_ledger
from featherbone.search.executors import InProcess, Outcome, Task, Tell, ray_address
from featherbone.search.executors.on_ray import OnRay
from featherbone.search.executors.ray_cluster import connected, room, share_of_a_task
from featherbone.search.executors.ray_nodes import Nodes
from featherbone.search.record.rows import Score

if TYPE_CHECKING:
    from tests.conftest import Server

HELPERS = Path(__file__).parents[2] / "helpers"
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning")  # of Ray itself
SECONDS_TO_NOTICE = {
    "health_check_initial_delay_ms": 500,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 4,
    "health_check_timeout_ms": 2000,
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'featherbone[cluster]'")
    from ray.cluster_utils import Cluster

    settings = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80_000_000}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment.setenv("PYTHONPATH", str(HELPERS), prepend=os.pathsep)  # what nodes import
        cluster = Cluster(initialize_head=True, head_node_args={**settings, "_system_config": SECONDS_TO_NOTICE})
        yield cluster
        cluster.shutdown()


class Mortal(FakeTraining):
    """Trial 2 kills its worker once, trial 3 raises once, in the middle; from 9 on they wait until a node is dead."""

    def __call__(self, task: Task, tell: Tell) -> Score:
        if self.epochs(task.trial) < task.epochs:
            for trial in (2, 3):
                mark = self.folder / f"mark {trial}"
                if task.trial == trial and not mark.exists():
                    mark.touch()
                    super().__call__(Task(trial=trial, design=task.design, rung=0, epochs=1), silent)
                    if trial == 3:
                        raise ValueError("a cosmic ray")
                    os.kill(os.getpid(), signal.SIGKILL)
            if task.trial > 8 and not (self.folder / "dead").exists():
                super().__call__(Task(trial=task.trial, design=task.design, rung=0, epochs=1), tell)
                for _ in range(600):
                    if (self.folder / "dead").exists():
                        break
                    time.sleep(0.1)
        return super().__call__(task, tell)


def nothing_missing() -> None:
    """What a node lacks: nothing."""


@dataclass(frozen=True)
class Lacks:
    """A node lacks its data when a file says so."""

    folder: Path

    def __call__(self) -> None:
        import ray

        lacking = self.folder / "lacking"
        if lacking.exists() and ray.get_runtime_context().get_node_id() in lacking.read_text():
            raise FeatherboneError("the photos are gone", hint="bring them back")


@dataclass(frozen=True, kw_only=True)
class NeedsData(FakeTraining):
    """Fails on a node that lacks the data; where a node is named, it loses them when trial 4 is trained there."""

    look: Lacks
    spoils: str = ""

    def __call__(self, task: Task, tell: Tell) -> Score:
        import ray

        if task.trial > 3 and ray.get_runtime_context().get_node_id() == self.spoils:
            (self.folder / "lacking").write_text(self.spoils)
        self.look()
        return super().__call__(task, tell)


def test_a_node_without_the_data_gets_no_work_and_one_that_loses_them_costs_no_trial_an_attempt(
    cluster: Any, tmp_path: Path
) -> None:
    bad = cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
    look, told = Lacks(tmp_path), list[str]()

    def watch(event: Event) -> None:
        if isinstance(event, Noticed | TrialFailed):
            told.append(event.sentence if isinstance(event, Noticed) else event.kind)

    with open_ledger(tmp_path / "run") as ledger, connected(cluster.address):
        (tmp_path / "lacking").write_text(bad.node_id)
        nodes = Nodes(look)
        (sentence,) = nodes.wait()
        assert f" {bad.node_id[:8]} gets no work: the photos are gone (bring them back)" in sentence
        assert bad.node_id not in nodes.fit()
        assert room(among=nodes.fit()) == 1
        work = NeedsData(folder=tmp_path, epoch_seconds=0, look=look, spoils=bad.node_id)
        run(ledger, OnRay(work, nodes, workers=2), trials=3, progress=watch)
        assert told == []
        (tmp_path / "lacking").unlink()
        nodes = Nodes(look)
        assert nodes.wait() == []
    cluster_trials(ledger_folder=tmp_path / "second", cluster=cluster, work=work, progress=watch)
    assert told[0].endswith("gets no work: the photos are gone (bring them back)")
    assert set(told[1:]) == {"interrupted"}
    with sqlite3.connect(tmp_path / "second" / "ledger.sqlite") as reader:
        rows = reader.execute("SELECT outcome, worker, error FROM attempt WHERE outcome != 'scored'").fetchall()
        states = {row[0] for row in reader.execute("SELECT state FROM trial")}
    reader.close()
    assert rows
    assert all(outcome == "interrupted" and bad.node_id[:8] in worker for outcome, worker, _ in rows)
    assert states <= {"done", "stopped"}
    (tmp_path / "lacking").write_text(" ".join(node.node_id for node in cluster.list_all_nodes()))
    with connected(cluster.address):
        nodes = Nodes(look)
        assert len(nodes.wait()) == 2
        with pytest.raises(FeatherboneError, match=r"no node of the cluster can work: node .*: the photos are gone"):
            nodes.require_fit()
    cluster.remove_node(bad)


def cluster_trials(*, ledger_folder: Path, cluster: Any, work: FakeTraining, progress: Any) -> None:
    """A search of ten trials on all nodes that are fit."""
    with open_ledger(ledger_folder) as ledger, connected(cluster.address):
        nodes = Nodes(work.look)
        assert nodes.wait() == []
        run(ledger, OnRay(work, nodes, workers=2), trials=10, progress=progress)
        assert ledger.failures() == {}


def test_a_search_outlives_a_node(cluster: Any, tmp_path: Path) -> None:
    node = cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
    work = Mortal(folder=tmp_path, epoch_seconds=0.02)
    killed: list[int] = []
    executor: OnRay

    def kill_at_work(event: Event) -> None:
        if isinstance(event, Trained) and not killed:
            there = next((r for r in executor._streams.values() if node.node_id[:8] in r.worker), None)
            if there is not None and there.task.trial > 8:
                killed.append(there.task.trial)
                cluster.remove_node(node, allow_graceful=False)
                os.kill(int(there.worker.split()[-1]), signal.SIGKILL)  # as a machine takes all with it at once
                (tmp_path / "dead").touch()

    with open_ledger(tmp_path / "run") as ledger:
        with connected(cluster.address):
            assert room() == 2
            nodes = Nodes(nothing_missing)
            assert nodes.wait() == []
            executor = OnRay(work, nodes, workers=2)
            run(ledger, executor, progress=kill_at_work)
        assert {trial.state for trial in ledger.trials()} == {"done", "stopped"}
        assert ledger.failures() == {2: 1, 3: 1}  # those whose own work failed, not those whose node did
        trials = {trial.id: trial for trial in ledger.trials()}
        assert ledger.seconds() == sum(work.epochs(trial) for trial in trials)  # nothing is lost, or counted twice
        assert all(work.epochs(number) == trial.epochs for number, trial in trials.items())
    with sqlite3.connect(tmp_path / "run" / "ledger.sqlite") as reader:
        attempts = reader.execute("SELECT trial, outcome, worker, error FROM attempt").fetchall()
    reader.close()
    interrupted = [attempt for attempt in attempts if attempt[1] == "interrupted"]
    assert [attempt[0] for attempt in interrupted] == killed
    assert "its node is gone" in interrupted[0][3]
    assert [attempt[:2] for attempt in attempts if attempt[1] in ("lost", "crashed")] == [(2, "lost"), (3, "crashed")]
    again = {what: count for what, count in work.begun().items() if count > 1}
    assert sum(again.values()) <= 2  # no more than the epoch that the node died in is run again
    assert {trial for trial, _ in again} <= set(killed)
    assert len({worker.split(",")[0] for _, _, worker, _ in attempts}) == 2  # nodes, and a process each
    assert all("process" in worker for _, _, worker, _ in attempts)


def test_where_the_cluster_has_gpus_each_task_asks_for_one(cluster: Any) -> None:
    """Ray shares out what a node says it has, so that no GPU is needed to see it."""
    node = cluster.add_node(num_cpus=3, num_gpus=2, object_store_memory=80_000_000)
    try:
        with connected(cluster.address):
            assert share_of_a_task(1) == {"num_cpus": 1, "num_gpus": 1}
            assert room() == 2  # the other node has a core, and no GPU
            assert room(threads=2) == 1  # the node with GPUs has cores for one such task
    finally:
        cluster.remove_node(node)


def test_nodes_that_die_are_never_a_trials_fault(tmp_path: Path) -> None:
    work = FakeTraining(folder=tmp_path, epoch_seconds=0)

    class Flickers(InProcess):
        """Four of five tasks go with their node."""

        def wait(self) -> list[Outcome | Event]:  # type: ignore[override]
            (outcome,) = super().wait()
            assert isinstance(outcome, Outcome)
            count[outcome.task.trial] = count.get(outcome.task.trial, 0) + 1
            if count[outcome.task.trial] % 5:
                return [Outcome(task=outcome.task, kind="interrupted", worker="x", seconds=1.0, error="gone")]
            return [outcome]

    count: dict[int, int] = {}
    with open_ledger(tmp_path / "run") as ledger, open_ledger(tmp_path / "calm") as calm:
        run(ledger, Flickers(work, silent), trials=9, progress=silent)
        run(calm, InProcess(work, silent), trials=9, progress=silent)
        assert table(ledger) == table(calm)
        assert ledger.failures() == {}
    assert max(count.values()) == 5 * len(RUNGS)  # more often than a crash is forgiven


def test_without_ray_or_a_cluster_that_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(FeatherboneError, match="Ray is not installed") as caught, connected("auto"):
        pass
    assert "featherbone[cluster]" in caught.value.hint


def test_a_port_of_another_service_is_no_cluster(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'featherbone[cluster]'")
    address = server.address.removeprefix("http://")
    with pytest.raises(FeatherboneError, match="does not speak Ray's protocol"), connected(address):
        pass
    assert capfd.readouterr().err == ""  # no log of Ray's own


@pytest.mark.parametrize(
    ("said", "reason", "seconds"),
    [
        (
            "[W] RPC error: InvalidAuthToken: Authentication token is missing",
            "asks for another token than this process",
            4.0,
        ),
        ("[W] Failed to connect to GCS", "did not answer as one within 0.5 s", 0.5),
    ],
)
def test_a_cluster_that_does_not_answer_is_told_in_time(
    said: str, reason: str, seconds: float, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    trial = f"import sys, time; print({said!r}, file=sys.stderr, flush=True); time.sleep(60)"
    monkeypatch.setattr(ray_address, "TRIAL", trial)
    monkeypatch.setattr(ray_address, "CONNECTED", seconds)
    with pytest.raises(FeatherboneError, match=reason):
        ray_address.require_cluster("auto")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1:1", "there is no Ray cluster at '127.0.0.1:1': .*refused"),
        ("somewhere", "'somewhere' is no address"),
        ("ray://127.0.0.1:10001", "is no address"),
        ("127.0.0.1:99999", "there is no Ray cluster"),
    ],
)
def test_an_address_without_a_cluster_is_refused_at_once(address: str, reason: str) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'featherbone[cluster]'")
    with pytest.raises(FeatherboneError, match=reason), connected(address):
        pass
