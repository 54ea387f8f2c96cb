"""What the machine decides of a training before it begins: how steps are computed, and the learning rate on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from featherbone.cost import count
from featherbone.job.training.plan import TrainingPlan
from featherbone.progress import Noticed, Progress, Reading, Step
from featherbone.train import (
    Choice,
    Execution,
    RangeTest,
    Setting,
    TrainingProgress,
    candidates,
    choose,
    find_learning_rate,
)
from featherbone.train.machine.memory import threads_of

SHARE, SHORTEST, LONGEST = 0.02, 0.5, 8.0  # of a training that the trial may take, and its limits in seconds
PACE = 1e10  # multiply-adds a second, roughly, of one core; it only limits how long the trial is


def chosen_setting(plan: TrainingPlan, progress: Progress) -> dict[str, Any]:
    """The fastest setting of those allowed, by a short measured trial: what run.json says of it.

    Where one is asked for, it alone is tried.

    Raises:
        FeatherboneError: nothing can train the network here.
    """
    progress(Step(name="setting"))
    precision = plan.request.precision
    usual = [one for one in candidates(plan.device) if precision in ("auto", one.precision)]
    choice = choose(
        plan.network.graph,
        plan.dataset,
        plan.recipe,
        seed=plan.request.seed,
        device=plan.device,
        among=usual if plan.setting is None else [plan.setting],
        seconds=min(LONGEST, max(SHORTEST, SHARE * _expected(plan))),
        weights=plan.network.weights,
    )
    progress(Noticed(sentence=str(choice)))
    return _facts(choice, plan.device)


def epoch_seconds(plan: TrainingPlan, setting: Mapping[str, Any]) -> float:
    """Seconds of an epoch with the setting that ``chosen_setting`` chose, as its trial measured them."""
    chosen = str(Setting.from_dict(setting["chosen"]))
    speed: float = next(one["images_per_second"] for one in setting["tried"] if one["setting"] == chosen)
    return len(plan.dataset.splits["train"].labels) / speed


def tested_rate(plan: TrainingPlan, setting: Setting, progress: Progress) -> RangeTest:
    """The learning rate that a range test suggests.

    Raises:
        FeatherboneError: the loss never fell.
    """
    progress(Step(name="learning rate"))

    def watch(done: TrainingProgress) -> None:
        what = f"loss {done.metrics['train_loss']:.3g} at {done.metrics['lr']:.2g}"
        progress(Reading(what=what, done=done.step, total=done.steps, unit="steps"))

    with threads_of(setting):
        found = find_learning_rate(
            plan.network.graph,
            plan.dataset,
            plan.recipe,
            seed=plan.request.seed,
            weights=plan.network.weights,
            objective=plan.objective(),
            execution=Execution(setting=setting, device=plan.device, progress=watch),
        )
    progress(Noticed(sentence=f"the learning rate is {found.suggestion:.3g}: {found.reason}"))
    return found


def with_rate(plan: TrainingPlan, rate: float) -> TrainingPlan:
    """The plan with another learning rate."""
    return replace(plan, recipe=replace(plan.recipe, learning_rate=rate))


def _expected(plan: TrainingPlan) -> float:
    """Seconds of the training, very roughly: three passes over all images."""
    images = len(plan.dataset.splits["train"].labels) * plan.recipe.epochs
    return 3 * float(count(plan.network.graph).macs) * images / PACE


def _facts(choice: Choice, device: str) -> dict[str, Any]:
    return {
        "device": device,
        "chosen": choice.setting.to_dict(),
        "sentence": str(choice),
        "batch_size": choice.batch_size,
        "seconds": round(choice.seconds, 2),
        "tried": [{**asdict(one), "setting": str(one.setting)} for one in choice.tried],
    }
