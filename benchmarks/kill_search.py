"""Kill a search 100 times with SIGKILL, then see that it ends as one that nothing stopped.

    python benchmarks/kill_search.py > benchmarks/results/kill_search.txt

The search trains designs on the built-in digits. Of its process, 40 kills are at a statement of SQL that is drawn at
random (within a change of the ledger, or between two), and 40 at a moment that is random in time; the same search
then goes on with one worker and must end with the same table: designs, states, rungs, scores and checkpoints, to the
last bit. 20 more kills, of the process or of one of its two workers, are of another search, whose order is not fixed:
every trial must end in a final state, no rung reached twice, and what is spent be what the checkpoints hold.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from machine import describe

from featherbone.data import open_dataset
from featherbone.job.search.trial_work import Images, TrialWork
from featherbone.progress import silent
from featherbone.search import Budget, Entry, Ledger, Limits, SpaceCosts, named_space, open_ledger, search
from featherbone.search.draw.sample import designs_of
from featherbone.search.executors import InProcess, Processes
from featherbone.search.record.schema import FINAL
from featherbone.search.schedule.board import Board
from featherbone.train import Setting, default_recipe

RUNGS, TRIALS = (2, 6), 30
STATEMENTS, MOMENTS, CREW = 40, 40, 20


def work_in(folder: Path) -> TrialWork:
    dataset = open_dataset("digits")
    images = Images(source="digits", resolution=None, seed=0, skip_bad=False, fingerprint=dataset.fingerprint)
    recipe = default_recipe(dataset, RUNGS[-1])
    return TrialWork(images=images, recipe=recipe, seed=0, folder=folder, setting=Setting(threads=1))


def drive(folder: Path, workers: int, die_at: int) -> None:
    """The search, which dies at a statement of SQL, counted from 1."""
    torch.set_num_threads(1)
    costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    statements = 0

    def propose(board: Board, number: int) -> Sequence[Entry]:
        known = len(board.trials)
        drawn = list(islice(designs_of(costs, Budget(macs=100_000), seed=0), known, known + number))
        found = costs.of(drawn)
        return [Entry(design=str(design), origin="random", costs=found.row(n)) for n, design in enumerate(drawn)]

    def count(_: str) -> None:
        nonlocal statements
        statements += 1
        if statements == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    work = work_in(folder)
    with open_ledger(folder) as ledger:
        ledger._connection.set_trace_callback(count)
        executor = InProcess(work, silent) if workers == 1 else Processes(work, workers)
        search(ledger, RUNGS, limits=Limits(trials=TRIALS), propose=propose, executor=executor, progress=silent)


def begin(folder: Path, workers: int = 1, die_at: int = 0) -> Any:
    process = CONTEXT.Process(target=drive, args=(folder, workers, die_at))
    process.start()
    return process


def table(ledger: Ledger) -> list[tuple[Any, ...]]:
    """All but seconds, which no two runs share."""
    trials = [(t.id, t.design, t.state, t.rung, t.epochs, t.val_top1, t.val_loss, t.error) for t in ledger.trials()]
    return [*trials, *((r.trial, r.rung, r.score.epochs, r.score.val_top1, r.score.val_loss) for r in ledger.reached())]


def saved(folder: Path) -> int:
    """Changes whenever a checkpoint is written."""
    return sum(path.stat().st_mtime_ns for path in folder.glob("trials/*/checkpoint.safetensors"))


def wait_for_epoch(folder: Path, process: Any) -> None:
    before = saved(folder)
    while process.is_alive() and saved(folder) == before:
        time.sleep(0.002)


def children(pid: int) -> list[int]:
    """The workers of a process."""
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def one_worker(folder: Path, draws: random.Random) -> Counter[str]:
    kills = Counter[str]()
    planned = ["at a statement of SQL"] * STATEMENTS + ["at a random moment"] * MOMENTS
    draws.shuffle(planned)
    for where in planned:
        if where == "at a statement of SQL":
            process = begin(folder, die_at=draws.randrange(1, 24))
        else:
            process = begin(folder)
            if draws.random() < 0.5:
                wait_for_epoch(folder, process)
            time.sleep(draws.uniform(0, 0.15))
            process.kill()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
        kills[where if process.exitcode == -signal.SIGKILL else "too late: the search was over"] += 1
    process = begin(folder)
    process.join()
    assert process.exitcode == 0
    return kills


def two_workers(folder: Path, draws: random.Random) -> Counter[str]:
    kills, process = Counter[str](), begin(folder, 2)
    for number in range(CREW):
        wait_for_epoch(folder, process)
        time.sleep(draws.uniform(0, 0.1))
        workers = children(process.pid)
        if number % 2 and workers:
            with suppress(ProcessLookupError):
                os.kill(draws.choice(workers), signal.SIGKILL)
                kills["of one of two workers"] += 1
            continue
        process.kill()
        process.join()
        kills["of the process of two workers"] += process.exitcode == -signal.SIGKILL
        process = begin(folder, 2)
    process.join()
    assert process.exitcode == 0, process.exitcode
    return kills


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("one", "two"), help="the search with one worker, or with two")
    only = parser.parse_args().only
    print(describe("torch", "featherbone"))
    with tempfile.TemporaryDirectory() as name:
        held = [part(Path(name)) for part in (told_of_one, told_of_two) if only in (None, part.__name__[8:])]
    return 0 if all(held) else 1


def told_of_one(place: Path) -> bool:
    """Kill the search with one worker, and whether it ended as the undisturbed one."""
    begin(place / "calm").join()
    kills = one_worker(place / "killed", random.Random(0))
    with open_ledger(place / "calm") as calm, open_ledger(place / "killed") as killed:
        expected, same = table(calm), table(calm) == table(killed)
        attempts = killed._connection.execute("SELECT outcome, count(*) FROM attempt GROUP BY outcome").fetchall()
    tell(kills)
    print(f"one worker: {sum(len(row) == 8 for row in expected)} trials; attempts {dict(attempts)}; table ", end="")
    print("identical to that of the undisturbed search" if same else "DIFFERENT")
    return same


def told_of_two(place: Path) -> bool:
    """Kill the search with two workers, and whether nothing is open, lost or counted twice.

    A trial whose worker was killed three times has failed: what it had trained beyond its rung is spent for nothing.
    """
    kills = two_workers(place / "crew", random.Random(1))
    with open_ledger(place / "crew") as crew:
        trials, reached = crew.trials(), crew.reached()
        ended = all(trial.state in FINAL for trial in trials)
        logs = {t.id: (place / "crew" / "trials" / str(t.id) / "log.jsonl").read_text().count("\n") for t in trials}
        failed = [trial.id for trial in trials if trial.state == "failed"]
        most = {t.id: max((r.score.seconds for r in reached if r.trial == t.id), default=0.0) for t in trials}
        counted = abs(crew.seconds() - sum(most.values())) < 1e-6 and all(
            trial.epochs <= logs[trial.id] if trial.id in failed else trial.epochs == logs[trial.id] for trial in trials
        )
    tell(kills)
    print(
        f"two workers: {len(trials)} trials, {len(failed)} of them failed with their third worker; every "
        f"trial in a final state: {ended}; spent is what the checkpoints hold: {counted}"
    )
    return ended and counted


def tell(kills: Counter[str]) -> None:
    for where, number in sorted(kills.items()):
        print(f"{number:3} kills  {where}")


CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["featherbone.job.search.trial_work", "featherbone.search.draw.sample", "torch._dynamo"])

if __name__ == "__main__":
    sys.exit(main())
