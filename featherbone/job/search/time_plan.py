"""How fast a search trains on this machine, and how long a schedule that leaves time for: measured once a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.job.search.trial_work import Images
from featherbone.json_values import read_value, write_value
from featherbone.progress import Noticed, Progress, Step
from featherbone.quantity import format_duration
from featherbone.search.costs.effort import effort_of
from featherbone.search.record.ledger import Ledger
from featherbone.search.schedule.spending import Limits
from featherbone.train import Choice, Recipe, Setting, candidates, choose

KEY = "tempo"
MOMENT = 0.2  # seconds of steps that show whether a setting works
SHARE = 1 / 2  # of the time that the winner's own training may take
LONGEST = 2 / 3  # of the time that any design's training may take
LEAST = 4  # epochs: fewer are no schedule
MOST = 8  # times the epochs of a search without a limit: 88 for 45,000 images, as papers train on CIFAR-10


@dataclass(frozen=True, kw_only=True)
class TimePlan:
    """The setting of every trial, the epochs of the whole schedule, and what the time pays for, where it is limited."""

    setting: Setting
    epochs: int
    afforded: int | None = None  # epochs of all trials together
    longest: float | None = None  # effort of a design: with more, its training takes more than its share


@dataclass(frozen=True, kw_only=True)
class TrialConditions:
    """What trials are trained on and how, as far as it is known before a step is timed.

    ``threads`` are those of each worker; ``setting`` is the one that was asked for.
    """

    images: Images
    recipe: Recipe
    threads: int
    device: str = "cpu"
    setting: Setting | None = None

    def choose(self, graph: Graph, among: Sequence[Setting], seconds: float) -> Choice:
        """The fastest of some settings for a network, by a trial of so many seconds."""
        return choose(graph, self.images.seen_by(graph), self.recipe, device=self.device, among=among, seconds=seconds)


def time_plan_of(
    known: dict[str, Any] | None,
    conditions: TrialConditions,
    *,
    example: Callable[[], Graph],
    limits: Limits,
    fixed: bool = False,
    workers: int = 1,
    progress: Progress,
) -> TimePlan:
    """What the ledger remembers of the run, ``known``, or for a new run what it is from now on.

    Without a limit of time: float32, and the epochs of the recipe. With one, a short trial on the ``example``, a design
    that is quick to train, chooses the fastest setting. Its whole training takes half of the time, but no more than
    eight times the epochs of the recipe: short schedules cost more accuracy than some designs more win back
    (benchmarks/results/search_share.txt). Other designs may take up to two thirds of the time. A schedule takes at most
    half of a limit of epochs, too. Where the epochs of the recipe are ``fixed``, they stay.

    A setting that is asked for is taken, and tried for a moment.

    Raises:
        FeatherboneError: the time is too short for one whole training; the setting can't train here, or is not the
            one that the run was begun with.
    """
    if known is not None:
        return _as_begun(read_value(f"{KEY} in the ledger", known, TimePlan, strict=True), conditions.setting)
    most = math.inf if limits.epochs is None or fixed else max(1, int(SHARE * limits.epochs))
    if limits.seconds is not None:
        progress(Step(name="tempo"))
        return _within(
            limits.seconds, example(), conditions, most=most, fixed=fixed, workers=workers, progress=progress
        )
    if conditions.setting is not None:
        conditions.choose(example(), [conditions.setting], MOMENT)
    setting = conditions.setting or Setting(threads=conditions.threads)
    return TimePlan(setting=setting, epochs=int(min(conditions.recipe.epochs, most)))


def _as_begun(before: TimePlan, asked: Setting | None) -> TimePlan:
    if asked not in (None, before.setting):
        raise FeatherboneError(
            f"the run was begun with another setting ({before.setting} there, {asked} now)",
            hint="leave --setting out to go on, or give this run another --name",
        )
    return before


def _within(
    seconds: float,
    graph: Graph,
    conditions: TrialConditions,
    *,
    most: float,
    fixed: bool,
    workers: int,
    progress: Progress,
) -> TimePlan:
    """The plan of a limited time: ``graph`` shows how fast trials train; a schedule has at most so many epochs."""
    recipe = conditions.recipe
    dataset = conditions.images.seen_by(graph)
    setting, speed = _fastest(graph, conditions, seconds, progress)
    epoch = len(dataset.splits["train"].labels) / speed
    afforded = seconds / epoch
    epochs = recipe.epochs if fixed else int(min(max(SHARE * afforded, LEAST), MOST * recipe.epochs, most))
    if epochs > afforded:
        raise FeatherboneError(
            f"in {format_duration(seconds)} one design can be trained for {afforded:.1f} epochs at most on "
            f"this machine, and a whole schedule has {epochs}",
            hint=f"give --time {math.ceil(2 * epochs * epoch)}s or more, or "
            + ("fewer --epochs" if fixed else "fewer images, or smaller ones by --resolution"),
        )
    longest = LONGEST * afforded / epochs * effort_of(graph)
    return TimePlan(setting=setting, epochs=epochs, afforded=int(workers * afforded), longest=longest)


def _fastest(graph: Graph, conditions: TrialConditions, seconds: float, progress: Progress) -> tuple[Setting, float]:
    """The fastest setting of those allowed, and its images a second."""
    usual = tuple(one for one in candidates(conditions.device, threads=conditions.threads) if one.channels_last)
    among = usual if conditions.setting is None else (conditions.setting,)
    choice = conditions.choose(graph, among, min(8.0, max(3.0, seconds / 20)))
    progress(Noticed(sentence=str(choice)))
    alone = conditions.choose(graph, [choice.setting], 3.0)
    again = (*choice.tried, *alone.tried)  # the better of two: what others do on the machine only makes it slower
    return choice.setting, max(tried.images_per_second for tried in again if tried.setting == choice.setting)


def remember_time_plan(ledger: Ledger, plan: TimePlan) -> None:
    """Keep in the ledger how fast the run trains, once."""
    if ledger.recall(KEY) is None:
        ledger.remember(KEY, write_value(plan))
