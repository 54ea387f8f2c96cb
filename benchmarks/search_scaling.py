"""How a search scales: with two workers here, with up to 1,000 by simulation, and with 100,000 trials.

    python benchmarks/search_scaling.py > benchmarks/results/search_scaling.txt

Two workers: the same search on the built-in digits by one process and by two, in turn, three times each; the ratio is
of the medians.

Simulation: the real driver, board and ledger, on a disk, with workers that only let a virtual clock pass: what a trial
takes is drawn from the seconds that the real search's trials took. The clock also runs while the driver decides and
writes, as measured here, so that a worker waits for it as it would. Efficiency is the share of the workers' time in
which they train: while there is something to begin for all of them, and to the end, where only the last trials climb.

100,000 trials: a ledger of a finished search; seconds to go on from it, and to write its page.
"""

from __future__ import annotations

import heapq
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import torch
from kill_search import work_in
from machine import describe

from featherbone.job.folder import write_facts
from featherbone.progress import silent
from featherbone.report import write_report
from featherbone.search import Budget, Costs, Entry, Limits, Score, SpaceCosts, named_space, open_ledger, search
from featherbone.search.draw.sample import designs_of
from featherbone.search.executors import Executor, Message, Outcome, Processes, Task
from featherbone.search.record.search_record import read_search
from featherbone.search.schedule.board import Board

RUNGS = (2, 6)
WORKERS = (1, 10, 100, 1000)
TRIALS_EACH = 5  # for each simulated worker
EPOCH_SECONDS = 10.0  # what a simulated epoch takes on average: a light network on a large set


def designs(board: Board, number: int) -> Sequence[Entry]:
    costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    known = len(board.trials)
    drawn = list(islice(designs_of(costs, Budget(macs=100_000), seed=0), known, known + number))
    found = costs.of(drawn)
    return [Entry(design=str(design), origin="random", costs=found.row(n)) for n, design in enumerate(drawn)]


def numbered(board: Board, number: int) -> Sequence[Entry]:
    """Designs in name only: what proposing costs is not what is measured here."""
    first = len(board.trials) + 1
    return [
        Entry(design=f"design {n}", origin="random", costs=Costs(macs=10**6 + n, params=1, peak_memory=1, size=1))
        for n in range(first, first + number)
    ]


def real(workers: int, folder: Path) -> tuple[float, list[float]]:
    """Seconds of a search by so many processes, without their start, and seconds an epoch of each trial."""
    torch.set_num_threads(1)
    executor = Processes(work_in(folder), workers)
    for number in range(workers):  # every process imports and reads the data before the clock starts
        executor.submit(Task(trial=900 + number, design=designs(Board((1,)), 1)[0].design, rung=0, epochs=1))
    ready = 0
    while ready < workers:
        ready += sum(isinstance(message, Outcome) for message in executor.wait())
    with open_ledger(folder) as ledger:
        began = time.perf_counter()
        search(ledger, RUNGS, limits=Limits(trials=9), propose=designs, executor=executor, progress=silent)
        return time.perf_counter() - began, [trial.seconds / trial.epochs for trial in ledger.trials()]


class Simulated:
    """Workers that take the time of recorded ones, on a clock that also runs while the driver works."""

    def __init__(self, workers: int, paces: Sequence[float]) -> None:
        self.workers = workers
        self._paces, self._draws = paces, random.Random(0)
        self._due: list[tuple[float, int, Task, float]] = []
        self._number, self.wakeups, self.clock, self.busy, self.driver = 0, 0, 0.0, 0.0, 0.0
        self.all_busy_until = self.busy_then = 0.0
        self._since = time.perf_counter()

    def submit(self, task: Task) -> str:
        self._pass()
        before = RUNGS_OF_SIMULATION[task.rung - 1] if task.rung else 0
        seconds = (task.epochs - before) * self._draws.choice(self._paces)
        heapq.heappush(self._due, (self.clock + seconds, self._number, task, seconds))
        self._number += 1
        self.busy += seconds
        if len(self._due) == self.workers:  # from now on, until somebody finds nothing to begin
            self.all_busy_until = self.clock
            self.busy_then = self.busy - sum(due - self.clock for due, *_ in self._due)
        return "simulated"

    def wait(self) -> list[Message]:
        """All that ended while the driver was at work, or else the next that does."""
        self._pass()
        self.clock = max(self.clock, self._due[0][0])
        outcomes: list[Message] = []
        while self._due and self._due[0][0] <= self.clock:
            _, _, task, seconds = heapq.heappop(self._due)
            score = Score(
                epochs=task.epochs, val_top1=self._draws.random(), val_loss=1.0, seconds=seconds, checkpoint="simulated"
            )
            outcomes.append(Outcome(task=task, kind="scored", worker="simulated", seconds=seconds, score=score))
        self.wakeups += 1
        self._since = time.perf_counter()
        return outcomes

    def close(self) -> None: ...

    def _pass(self) -> None:
        now = time.perf_counter()
        self.clock, self.driver, self._since = self.clock + now - self._since, self.driver + now - self._since, now


RUNGS_OF_SIMULATION = (2, 6, 18)


def simulate(workers: int, paces: Sequence[float], folder: Path, *, waits: bool = False) -> str:
    """A line of the table; with ``waits`` every change of the ledger waits for the disk."""
    executor = Simulated(workers, paces)
    trials = max(100, workers * TRIALS_EACH)
    checked: Executor = executor
    with open_ledger(folder) as ledger:
        if waits:
            ledger._connection.execute("PRAGMA synchronous = FULL")
        search(
            ledger,
            RUNGS_OF_SIMULATION,
            limits=Limits(trials=trials),
            propose=numbered,
            executor=checked,
            progress=silent,
        )
    whole = executor.busy / (workers * executor.clock)
    full = executor.busy_then / (workers * executor.all_busy_until)
    decisions = executor._number
    return (
        f"{workers:7,}  {trials:7,}  {decisions:7,}  {executor.clock:12,.0f} s  {100 * full:8.1f} %  "
        f"{100 * whole:8.1f} %  {1000 * executor.driver / decisions:9.2f} ms"
    )


def hundred_thousand(folder: Path) -> None:
    """A search of 100,000 trials that is over, as the ledger's own changes leave it, written at once."""
    with open_ledger(folder) as ledger:
        ledger.add(numbered(Board((1,)), 100_000))
        draws = random.Random(0)
        scores = [draws.random() for _ in range(100_000)]
        with ledger.change() as change:
            for rung, epochs in enumerate(RUNGS_OF_SIMULATION):
                members = [n for n in range(100_000) if scores[n] >= 1 - 3.0**-rung]
                change.executemany(
                    "INSERT INTO rung VALUES (?, ?, ?, ?, 1.0, ?, 'x')",
                    [(n + 1, rung, epochs, scores[n], float(epochs)) for n in members],
                )
                change.executemany(
                    "UPDATE trial SET state = ?, rung = ?, epochs = ?, val_top1 = ?, val_loss = 1.0, seconds = ?"
                    " WHERE id = ?",
                    [
                        ("done" if rung == 2 else "paused", rung, epochs, scores[n], float(epochs), n + 1)
                        for n in members
                    ],
                )
    write_facts(
        folder,
        {
            "job": "fit",
            "command": ["featherbone", "fit", "digits"],
            "budget": {"macs": 2 * 10**6},
            "data": {"name": "none", "counts": {}, "warnings": [], "skipped": []},
            "result": None,
        },
    )


def seconds_of(what: str, do: object) -> None:
    assert callable(do)
    began = time.perf_counter()
    do()
    print(f"{what:44} {time.perf_counter() - began:6.2f} s")


def main() -> int:
    print(describe("torch", "featherbone"))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        found: dict[int, list[float]] = {1: [], 2: []}
        paces: list[float] = []
        for turn in range(3):
            for workers in found:
                seconds, paces = real(workers, place / f"real {turn} {workers}")
                found[workers].append(seconds)
        one, two = (statistics.median(found[workers]) for workers in (1, 2))
        for workers, times in found.items():
            print(f"{workers} worker{'s' if workers > 1 else ' '}  {', '.join(f'{each:.1f}' for each in times)} s")
        print(f"two workers are {one / two:.2f} times as fast as one (medians)\n", flush=True)

        scale = EPOCH_SECONDS / statistics.mean(paces)
        paces = [pace * scale for pace in paces]
        print("workers   trials    tasks    virtual time    all busy  to the end  driver, a task")
        for workers in WORKERS:
            print(simulate(workers, paces, place / f"simulated {workers}"), flush=True)
        waiting = simulate(WORKERS[-1], paces, place / "waiting", waits=True)
        print(f"{waiting}  where each change waits for the disk\n", flush=True)

        many = place / "many"
        seconds_of("a ledger of 100,000 trials, written", lambda: hundred_thousand(many))

        def resume() -> None:
            with open_ledger(many) as ledger:
                board = Board.of(ledger, RUNGS_OF_SIMULATION)
                assert board.promotion() is not None or board.leader() is not None

        seconds_of("the board read again, and asked what is next", resume)
        seconds_of("featherbone search show, the numbers", lambda: json.dumps(read_search(many).spent))
        seconds_of("the page", lambda: write_report(many))
        print(f"{'size of the page':44} {(many / 'report.html').stat().st_size / 10**6:6.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
