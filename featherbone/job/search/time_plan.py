"""How fast a search trains on this machine, and how long a schedule that leaves time for: measured once a run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.job.search.trial_work import Images
from featherbone.progress import Noticed, Progress, Step
from featherbone.quantity import format_duration
from featherbone.search.costs.effort import effort
from featherbone.search.record.ledger import Ledger
from featherbone.search.schedule.spending import Limits
from featherbone.train import Recipe, Setting, candidates, choose

KEY = "tempo"
MOMENT = 0.2  # seconds of steps that show whether a setting works
SHARE = 1 / 2  # of the time that the winner's own training may take
LONGEST = 2 / 3  # of the time that any design's training may take
LEAST = 4  # epochs: fewer are no schedule
MOST = 8  # times the epochs of a search without a limit: 88 for 45,000 images, as papers train on CIFAR-10


@dataclass(frozen=True, kw_only=True)
class Tempo:
    """The setting of every trial, the epochs of the whole schedule, and what the time pays for, where it is limited."""

    setting: Setting
    epochs: int
    afforded: int | None = None  # epochs of all trials together
    longest: float = math.inf  # effort of a design: with more, its training takes more than its share

    def to_dict(self) -> dict[str, Any]:
        longest = None if self.longest == math.inf else self.longest
        document = {"setting": self.setting.to_dict(), "epochs": self.epochs}
        return {**document, "afforded": self.afforded, "longest": longest}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Tempo:
        return Tempo(
            setting=Setting.from_dict(document["setting"]),
            epochs=document["epochs"],
            afforded=document.get("afforded"),  # runs of before do not say it
            longest=document.get("longest") or math.inf,
        )


def tempo_of(
    known: dict[str, Any] | None,
    images: Images,
    recipe: Recipe,
    *,
    example: Callable[[], str],
    limits: Limits,
    fixed: bool = False,
    setting: Setting | None = None,
    workers: int = 1,
    threads: int,
    device: str = "cpu",
    progress: Progress,
) -> Tempo:
    """What the ledger remembers of the run, ``known``, or for a new run what it is from now on.

    Without a limit of time: float32, and the epochs of ``recipe``. With one, a short trial on the ``example``, a design
    that is quick to train, chooses the fastest setting. Its whole training takes half of the time, but no more than
    eight times the epochs of the recipe: short schedules cost more accuracy than some designs more win back
    (benchmarks/results/search_share.txt). Other designs may take up to two thirds of the time. A schedule takes at most
    half of a limit of epochs, too. Where the epochs of the recipe are ``fixed``, they stay.

    A ``setting`` that is asked for is taken, and tried for a moment.

    Raises:
        FeatherboneError: the time is too short for one whole training; the setting can't train here, or is not the
            one that the run was begun with.
    """
    if known is not None:
        before = Tempo.from_dict(known)
        if setting not in (None, before.setting):
            raise FeatherboneError(
                f"the run was begun with another setting ({before.setting} there, {setting} now)",
                hint="leave --setting out to go on, or give this run another --name",
            )
        return before
    most = math.inf if limits.epochs is None or fixed else max(1, int(SHARE * limits.epochs))
    tempo = Tempo(setting=setting or Setting(threads=threads), epochs=int(min(recipe.epochs, most)))
    if setting is not None and limits.seconds is None:
        graph = images.network(example())
        choose(graph, images.seen_by(graph), recipe, device=device, among=[setting], seconds=MOMENT)
    if limits.seconds is not None:
        progress(Step(name="tempo"))
        usual = tuple(one for one in candidates(device, threads=threads) if one.channels_last)
        among = usual if setting is None else (setting,)
        design = example()
        graph = images.network(design)
        dataset = images.seen_by(graph)
        choice = choose(
            graph, dataset, recipe, device=device, among=among, seconds=min(8.0, max(3.0, limits.seconds / 20))
        )
        progress(Noticed(sentence=str(choice)))
        alone = choose(graph, dataset, recipe, device=device, among=[choice.setting], seconds=3.0)
        again = (*choice.tried, *alone.tried)  # the better of two: what others do on the machine only makes it slower
        speed = max(tried.images_per_second for tried in again if tried.setting == choice.setting)
        epoch = len(dataset.splits["train"].labels) / speed
        afforded = limits.seconds / epoch
        epochs = recipe.epochs if fixed else int(min(max(SHARE * afforded, LEAST), MOST * recipe.epochs, most))
        if epochs > afforded:
            raise FeatherboneError(
                f"in {format_duration(limits.seconds)} one design can be trained for {afforded:.1f} epochs at most on "
                f"this machine, and a whole schedule has {epochs}",
                hint=f"give --time {math.ceil(2 * epochs * epoch)}s or more, or "
                + ("fewer --epochs" if fixed else "fewer images, or smaller ones by --resolution"),
            )
        work = effort(design, classes=graph.output_shape[0], channels=dataset.channels)
        longest = LONGEST * afforded / epochs * work
        tempo = Tempo(setting=choice.setting, epochs=epochs, afforded=int(workers * afforded), longest=longest)
    return tempo


def remember_tempo(ledger: Ledger, tempo: Tempo) -> None:
    """Keep in the ledger how fast the run trains, once."""
    if ledger.recall(KEY) is None:
        ledger.remember(KEY, tempo.to_dict())
