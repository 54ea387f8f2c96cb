"""How fast a search trains on this machine, and how long a schedule that leaves time for: measured once a run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from featherbone.job.trials import Images
from featherbone.progress import Noticed, Progress, Step
from featherbone.search.effort import effort
from featherbone.search.ledger import Ledger
from featherbone.train import Recipe, Setting, candidates, choose

KEY = "tempo"
SHARE = 1 / 4  # of the whole time that the winner's own training may take
LONGEST = 1 / 3  # of the whole time that any design's training may take
LEAST = 4  # epochs: fewer are no schedule


@dataclass(frozen=True, kw_only=True)
class Tempo:
    """The setting of every trial, the epochs of the whole schedule, and what the time pays for, where it is limited."""

    setting: Setting
    epochs: int
    afforded: int | None = None  # epochs of all trials together
    longest: float = math.inf  # effort of a design: with more, its training takes more than its share

    def to_json(self) -> str:
        longest = None if self.longest == math.inf else self.longest
        document = {"setting": self.setting.to_dict(), "epochs": self.epochs}
        return json.dumps({**document, "afforded": self.afforded, "longest": longest})

    @staticmethod
    def from_json(text: str) -> Tempo:
        document: dict[str, Any] = json.loads(text)
        return Tempo(
            setting=Setting.from_dict(document["setting"]),
            epochs=document["epochs"],
            afforded=document.get("afforded"),  # runs of before do not say it
            longest=document.get("longest") or math.inf,
        )


def tempo_of(
    ledger: Ledger,
    images: Images,
    recipe: Recipe,
    *,
    example: Callable[[], str],
    seconds: float | None,
    threads: int,
    progress: Progress,
) -> Tempo:
    """What the ledger remembers of the run, or for a new run what it is from now on.

    Without a limit of ``seconds`` of training: float32, and the epochs of ``recipe``. With one, a short trial on the
    ``example``, a design that is quick to train, chooses the fastest setting, and its whole training takes a quarter of
    the time, so that the rest pays for a dozen designs or more; never more epochs than ``recipe`` has. Other designs
    may take up to a third of the time.
    """
    known = ledger.recall(KEY)
    if known is not None:
        return Tempo.from_json(known)
    tempo = Tempo(setting=Setting(threads=threads), epochs=recipe.epochs)
    if seconds is not None:
        progress(Step(name="tempo"))
        among = tuple(one for one in candidates("cpu", threads=threads) if one.channels_last)
        design = example()
        graph = images.network(design)
        dataset = images.seen_by(graph)
        choice = choose(graph, dataset, recipe, among=among, seconds=min(8.0, seconds / 20))
        progress(Noticed(sentence=str(choice)))
        speed = next(tried.images_per_second for tried in choice.tried if tried.setting == choice.setting)
        afforded = seconds * speed / len(dataset.splits["train"].labels)
        epochs = min(max(int(SHARE * afforded), LEAST), recipe.epochs)
        work = effort(design, classes=graph.output_shape[0], channels=dataset.channels)
        longest = LONGEST * afforded / epochs * work
        tempo = Tempo(setting=choice.setting, epochs=epochs, afforded=int(afforded), longest=longest)
    ledger.remember(KEY, tempo.to_json())
    return tempo
