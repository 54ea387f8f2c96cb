"""Levels that learn, for as long as there is time: rounds at prices of a bit, each of which ends in a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch

from featherbone.job.packing.lessons import SAVED, Lessons, load_lessons, save_lessons
from featherbone.job.packing.plan import PackingPlan
from featherbone.job.packing.request import PackRequest
from featherbone.job.packing.tries import Tries, Try
from featherbone.job.views import Draw, views
from featherbone.nn import module_with
from featherbone.pack import levelled
from featherbone.pack.learning import LearningLevels, divergence_at, learning_step
from featherbone.pack.levelling import Levelling
from featherbone.progress import Progress, Reading, Step

ROUNDS = 3
DEARER = 2.0  # the first price, of the dearest that was allowed without training
NEXT = 1.4  # ratio of the prices of two rounds
SIZES = 2.5  # how much more a bit costs where files are to be smaller by a share, both as logarithms
TIMED = 3  # steps of training by which it is known how many there is time for
RATED = 50  # steps after which the rates of bits follow the levels
TEMPERATURE = 4.0  # of answers, which are too sure of images trained on; where importance is weighed, too
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}

Finished = Callable[[Levelling, float, int], Try]  # a file of the levels at a price and after a round, judged and kept


class LevelTeacher:
    """A training of levels: the whole network teaches what it answers to views of the training images."""

    def __init__(
        self,
        plan: PackingPlan,
        importance: Mapping[str, torch.Tensor],
        first: float,
        tries: Tries,
        progress: Progress,
    ) -> None:
        self.plan, self.tries, self.progress = plan, tries, progress
        start = levelled(plan.network, plan.fitted, importance, first, progress)
        self.student = LearningLevels(start, plan.network)
        self.optimizer = self.student.optimizer()
        self.whole = module_with(*plan.network).eval().requires_grad_(False)
        self.draw: Draw = views(plan.dataset, plan.model.preprocessing, plan.request.seed)
        kept = load_lessons(tries.lessons, self.student, self.optimizer)
        self.lessons = kept or self._planned(first)
        if kept is None:
            self._save()

    def taught(self, finished: Finished) -> list[Try]:
        """The files of all rounds; the price of each follows from how the one before it went."""
        found: list[Try] = []
        for number in range(ROUNDS):
            prices = self.lessons.prices
            if number + 1 < len(prices):  # it was over when the packing was stopped
                found += filter(None, [self.tries.find(prices[number], number + 1)])
                continue
            self._round(number)
            done = finished(self.student.levelling(), prices[number], number + 1)
            self.optimizer = self.student.optimizer()
            self.lessons = replace(self.lessons, prices=(*prices, self._next(done)), done=0)
            self._save()
            found.append(done)
        return found

    def _round(self, number: int) -> None:
        steps, price, saved = self.lessons.steps, self.lessons.prices[-1], time.monotonic()
        self.progress(Step(name="learn", detail=f"round {number + 1} of {ROUNDS}, a bit costs {price:.2e} nats"))
        while self.lessons.done < steps:
            place = self.lessons.done
            if place % RATED == 0:
                self.student.rate()
            lost = self._lost(number * steps + place, self.lessons.precision)
            learning_step(self.student, self.optimizer, lost, price, 1 - place / steps)
            self.lessons = replace(self.lessons, done=place + 1)
            self.progress(Reading(what="levels learn", done=place + 1, total=steps, unit="steps"))
            if time.monotonic() - saved > SAVED:
                self._save()
                saved = time.monotonic()

    def _lost(self, step: int, precision: str) -> torch.Tensor:
        """What the student's answers diverge from those of the whole network, on the images of a step."""
        images, kind = self.draw(step), PRECISIONS[precision]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=kind is torch.bfloat16):
            with torch.no_grad():
                wanted = self.whole(images)
            answers = self.student(images)
        return divergence_at(answers, wanted, TEMPERATURE)

    def _planned(self, first: float) -> Lessons:
        """As many steps as there is time for, in whichever precision is faster; nothing is trained yet."""
        assert self.plan.request.time is not None, "asked for"
        seconds = {name: self._seconds(name) for name in PRECISIONS}
        quickest = min(seconds, key=lambda name: seconds[name])
        steps = max(1, int(self.plan.request.time / seconds[quickest] / ROUNDS))
        return Lessons(prices=(first,), steps=steps, precision=quickest)

    def _seconds(self, precision: str) -> float:
        """Of a step; the first one is slower than all others."""
        for place in range(1 + TIMED):
            if place == 1:
                began = time.monotonic()
            self._lost(place, precision).backward()  # type: ignore[no-untyped-call]
        self.optimizer.zero_grad()
        return (time.monotonic() - began) / TIMED

    def _next(self, done: Try) -> float:
        limit = self.plan.request.size
        if limit is not None:
            return float(done.price * (done.size / limit) ** SIZES)
        return done.price * NEXT if self.plan.request.allows(done.size, done.verdict.drop) else done.price / NEXT

    def _save(self) -> None:
        save_lessons(self.tries.lessons, self.lessons, self.student, self.optimizer)


def best_of(found: Sequence[Try], request: PackRequest) -> Try | None:
    """The smallest file that loses no more than is allowed; where its size is limited, the one that loses least."""
    kept = [each for each in found if request.allows(each.size, each.verdict.drop)]
    return min(kept, key=lambda done: done.size if request.size is None else done.verdict.drop, default=None)
