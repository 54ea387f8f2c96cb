"""What searches find on CIFAR-10 with the same training: ours, the scaled zoo, random search, and Optuna's TPE.

    pip install optuna
    python benchmarks/search_quality.py --data ../shared/data/cifar10.zip --minutes 12 --seeds 3

Each method spends the same seconds of CPU time on training, in one process with one thread, at MLPerf Tiny's budget of
12.5 M multiply-adds and 80,000 parameters. All train by one recipe and one schedule, with the same code, and all
designs come from one space and fill the budget in the same way:

- ours: what ``featherbone fit`` does;
- zoo: every network of the papers, scaled to the budget, those that use most of it first, by the same halving; as in
  ours, a network whose whole training would take more than a third of the time is left out;
- random: designs of the space in random order, by the same halving, with promotion;
- quick: the same of those designs alone whose whole training takes no more than two thirds of the time, as in ours;
- tpe: Optuna's multivariate TPE with its successive halving pruner. It draws blocks, depths, growth, activation, head
  and resolution, and widths are solved for as for the others. What its trial needs after the time is over is free.

The winner of each is who has the best validation score after the whole schedule; the test images are read once, for it.
Stopped, it goes on where it was: the runs that are done are kept in ``--out``.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from machine import describe
from tpe_space import suggested

from featherbone.cost import count
from featherbone.data import Dataset, open_dataset
from featherbone.job.search.time_plan import LONGEST
from featherbone.job.search.trial_work import Images, TrialWork
from featherbone.nn import module_with
from featherbone.progress import TrialBegan, TrialScored, silent
from featherbone.search import Budget, Design, Entry, Event, Limits, SpaceCosts, named_space, open_ledger, search
from featherbone.search.costs.effort import effort
from featherbone.search.draw.sample import designs_of
from featherbone.search.executors import InProcess, Task
from featherbone.search.propose.first_designs import example
from featherbone.search.propose.proposals import Proposals
from featherbone.search.propose.zoo_entries import zoo_entries
from featherbone.search.record.rows import Score
from featherbone.search.schedule.board import Board
from featherbone.search.schedule.ladder import ladder, trials_for
from featherbone.search.space.design_graph import candidate_graph
from featherbone.search.space.named import smaller_resolutions
from featherbone.train import Recipe, Setting, choose, evaluate, recipe_named

BUDGET = Budget(macs=12_500_000, params=80_000)
METHODS = ("ours", "zoo", "random", "quick", "tpe")
MANY = 100_000


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one search of one seed ended with."""

    design: str
    macs: int
    params: int
    val_top1: float
    test_top1: float
    trials: int
    epochs: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A trial's work, its seconds being those of CPU time: the machine may be shared."""

    work: TrialWork

    def __call__(self, task: Task, tell: Callable[[Event], None]) -> Score:
        before = self.spent(task.trial)
        started = time.process_time()
        score = self.work(task, tell)
        spent = before + time.process_time() - started
        (self.work.folder_of(task.trial) / "cpu.txt").write_text(f"{spent}")
        return replace(score, seconds=spent)

    def spent(self, trial: int) -> float:
        path = self.work.folder_of(trial) / "cpu.txt"
        return float(path.read_text()) if path.exists() else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cifar10.zip"))
    parser.add_argument("--out", type=Path, default=Path("runs/search_quality"))
    parser.add_argument("--minutes", type=float, default=12.0, help="of CPU time for each search")
    parser.add_argument("--epochs", type=int, default=6, help="of the whole schedule")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=METHODS)
    parser.add_argument("--summary", action="store_true", help="only tell what is there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.summary:
        for seed in range(arguments.seeds):
            for method in arguments.methods:
                once(arguments.out / f"{method}-{seed}", method, seed, arguments)
    tell(arguments)


def once(folder: Path, method: str, seed: int, arguments: argparse.Namespace) -> None:
    """One search, unless it is there."""
    if (folder / "found.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    dataset = open_dataset(arguments.data, seed=0)
    images = Images(
        source=str(arguments.data), resolution=None, seed=0, skip_bad=False, fingerprint=dataset.fingerprint
    )
    work = TrialWork(
        images=images,
        recipe=recipe_named("cifar10-full").with_epochs(arguments.epochs),
        seed=seed,
        folder=folder.resolve(),
        setting=Setting(precision="bfloat16", threads=1, fused=True),
    )
    costs = SpaceCosts(named_space("light", smaller_resolutions(32)), classes=10, channels=3)
    run = tpe if method == "tpe" else halving
    found = run(method, Counted(work=work), costs, seed, arguments)
    (folder / "found.json").write_text(json.dumps(asdict(found)))
    print(method, seed, found, file=sys.stderr, flush=True)


def halving(method: str, work: Counted, costs: SpaceCosts, seed: int, arguments: argparse.Namespace) -> Found:
    """A search by asynchronous successive halving; the methods differ in what they propose."""
    rungs = ladder(arguments.epochs)
    afforded, longest = tempo(work, costs, seed, arguments)
    entries = partial(zoo_entries, costs, BUDGET)
    expected = trials_for(int(afforded), rungs)
    propose = {
        "ours": lambda: Proposals(costs, BUDGET, seed=seed, zoo=lambda: entries(trials=expected), longest=longest),
        "zoo": lambda: from_list(entries(trials=MANY, most=MANY), longest),
        "random": lambda: random_designs(costs, seed, math.inf),
        "quick": lambda: random_designs(costs, seed, longest),
    }[method]()
    with open_ledger(work.work.folder) as ledger:
        winner = search(
            ledger,
            rungs,
            limits=Limits(trials=MANY, seconds=60 * arguments.minutes),
            propose=propose,
            executor=InProcess(work, watch),
            progress=watch,
            clock=time.process_time,
        )
        trials = ledger.trials()
    return found(work, winner.id, winner.design, arguments.epochs, [(t.epochs, t.seconds) for t in trials])


def tempo(work: Counted, costs: SpaceCosts, seed: int, arguments: argparse.Namespace) -> tuple[float, float]:
    """The epochs that the time pays for, and the most effort that a design may take, as `fit` finds them; kept."""
    path = work.work.folder / "tempo.json"
    if not path.exists():
        design = example(costs, BUDGET, epochs=arguments.epochs, seed=seed)
        graph = candidate_graph(design, classes=10, channels=3)
        dataset = work.work.images.seen_by(graph)
        assert work.work.setting is not None
        choice = choose(graph, dataset, work.work.recipe, among=[work.work.setting])
        afforded = 60 * arguments.minutes * choice.tried[0].images_per_second / len(dataset.splits["train"].labels)
        longest = LONGEST * afforded / arguments.epochs * effort(design, classes=10, channels=3)
        path.write_text(json.dumps([afforded, longest]))
        print(design, choice, path.read_text(), file=sys.stderr, flush=True)
    afforded, longest = json.loads(path.read_text())
    return afforded, longest


def from_list(entries: Sequence[Entry], longest: float) -> Callable[[Board, int], Sequence[Entry]]:
    short = [entry for entry in entries if effort(entry.design, classes=10, channels=3) <= longest]

    def propose(board: Board, number: int) -> Sequence[Entry]:
        return short[len(board.trials) : len(board.trials) + number]

    return propose


def random_designs(costs: SpaceCosts, seed: int, longest: float) -> Callable[[Board, int], Sequence[Entry]]:
    drawn: Iterator[Design] = designs_of(costs, BUDGET, seed=seed)
    kept: list[Entry] = []

    def propose(board: Board, number: int) -> Sequence[Entry]:
        wanted = len(board.trials) + number
        while len(kept) < wanted:
            design = next(one for one in drawn if effort(str(one), classes=10, channels=3) <= longest)
            kept.append(Entry(design=str(design), origin="random", costs=costs.of([design]).row(0)))
        return kept[wanted - number : wanted]

    return propose


def tpe(method: str, work: Counted, costs: SpaceCosts, seed: int, arguments: argparse.Namespace) -> Found:
    """Optuna's own loop; a run that was stopped begins again from its scores, which are asked for in the same order."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rungs = ladder(arguments.epochs)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=rungs[0], reduction_factor=3),
    )
    spent: dict[int, tuple[int, float]] = {}
    designs: dict[int, str] = {}

    def objective(trial: optuna.Trial) -> float:
        design = suggested(trial, costs, BUDGET)
        if design is None:
            raise optuna.TrialPruned
        number = trial.number + 1
        designs[number] = design
        watch(TrialBegan(trial=number, design=design, rung=0, epochs=arguments.epochs))
        score = Score(epochs=0, val_top1=0.0, val_loss=0.0, seconds=0.0)
        for epoch in range(1, arguments.epochs + 1):
            score = work(Task(trial=number, design=design, rung=0, epochs=epoch), silent)
            spent[number] = (epoch, score.seconds)
            trial.report(score.val_top1 or 0.0, epoch)
            if epoch < arguments.epochs and trial.should_prune():
                break
        else:
            watch(TrialScored(trial=number, rung=len(rungs) - 1, val_top1=score.val_top1))
            return score.val_top1 or 0.0
        raise optuna.TrialPruned

    while sum(seconds for _, seconds in spent.values()) < 60 * arguments.minutes:
        study.optimize(objective, n_trials=1)
    winner = study.best_trial.number + 1
    return found(work, winner, designs[winner], arguments.epochs, list(spent.values()))


def found(work: Counted, trial: int, design: str, epochs: int, spent: Sequence[tuple[int, float]]) -> Found:
    """The winner, tested once."""
    training = work.work.trained(trial, design, epochs, silent)
    graph = candidate_graph(design, classes=10, channels=3)
    dataset: Dataset = work.work.images.seen_by(graph)
    network = module_with(work.work.graph(trial, design), training.weights)
    figures = evaluate(network, dataset.splits["test"], dataset, device="cpu")
    costs = count(graph)
    return Found(
        design=design,
        macs=int(costs.macs),
        params=int(costs.params),
        val_top1=training.val_top1,
        test_top1=figures.top1,
        trials=len(spent),
        epochs=sum(number for number, _ in spent),
        seconds=sum(seconds for _, seconds in spent),
    )


def watch(event: Event) -> None:
    if isinstance(event, TrialBegan | TrialScored):
        print(time.strftime("%H:%M:%S"), event, file=sys.stderr, flush=True)


def tell(arguments: argparse.Namespace) -> None:
    print(describe("featherbone", "torch", "optuna"))
    print(
        f"budget    {BUDGET}\ntraining  {arguments.minutes:g} minutes of CPU time for each search; "
        f"cifar10-full over {arguments.epochs} epochs, rungs {ladder(arguments.epochs)}\n"
    )
    heads = f"{'method':8} {'seed':>4}  {'test':>7}  {'val':>7}  {'trials':>6} {'epochs':>6} {'CPU s':>6}"
    print(f"{heads}  winner (multiply-adds, parameters)")
    means: dict[str, list[float]] = {}
    for method in arguments.methods:
        for seed in range(arguments.seeds):
            path = arguments.out / f"{method}-{seed}" / "found.json"
            if not path.exists():
                continue
            one: Recipe | Any = Found(**json.loads(path.read_text()))
            means.setdefault(method, []).append(100 * one.test_top1)
            print(
                f"{method:8} {seed:>4}  {100 * one.test_top1:6.2f}%  {100 * one.val_top1:6.2f}%  {one.trials:6} "
                f"{one.epochs:6} {one.seconds:6.0f}  {one.design} ({one.macs:,}, {one.params:,})"
            )
    print()
    for method, scores in means.items():
        spread = f" (standard deviation {statistics.stdev(scores):.2f})" if len(scores) > 1 else ""
        print(f"{method:8} {statistics.mean(scores):.2f} % on test, mean of {len(scores)}{spread}")


if __name__ == "__main__":
    main()
