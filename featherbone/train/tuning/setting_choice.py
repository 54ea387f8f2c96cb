"""Which setting trains a network fastest on this machine: a short trial of whole training steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from featherbone.data.dataset import Dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.train.machine.setting import Setting
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.run.epochs import steps_of
from featherbone.train.run.plan import Plan
from featherbone.train.run.randomness import own_randomness
from featherbone.train.tuning.timed_steps import TimedSteps, Tried, Weights

SECONDS = 8.0
FEW = 8  # images of the smallest batch
ROUNDS = 12  # steps of each candidate, at most
HOPELESS = 1.5  # a candidate leaves when its best and median steps take so many times as long as any
WORTH = 1.05  # so many times as fast must be what rounds more
ANOTHER_LOSS = 0.1  # of the first candidate's: more is not rounding
LONG = 1800.0  # seconds of a run that is worth compiling for, which takes a minute or two


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The setting that a trial chose, and all that it tried.

    >>> tried = Tried(setting=Setting(), images_per_second=926, steps=9, reason="")
    >>> Choice(setting=Setting(), tried=(tried,), batch_size=128, seconds=7.5).tried[0].images_per_second
    926
    """

    setting: Setting
    tried: tuple[Tried, ...]  # the fastest first
    batch_size: int  # of the trial: smaller than the recipe's where a few steps would have taken too long
    seconds: float  # that the trial took

    def __str__(self) -> str:
        """A sentence for the log: the choice, and the others beside it.

        >>> fast, slow = Setting(precision="bfloat16"), Setting()
        >>> tried = [Tried(setting=s, images_per_second=v, steps=9, reason="") for s, v in ((fast, 1699), (slow, 926))]
        >>> print(Choice(setting=fast, tried=tuple(tried), batch_size=128, seconds=7.5))
        channels_last, bfloat16 trains 1699 images/s; channels_last, float32: 926
        """
        chosen = next(one for one in self.tried if one.setting == self.setting)
        timed = [one for one in self.tried if one.images_per_second]
        others = [f"{one.setting}: {_speed(one)}" for one in timed if one is not chosen]
        failed: dict[str, list[str]] = {}
        for one in self.tried:
            if not one.images_per_second:
                failed.setdefault(one.reason, []).append(str(one.setting))
        reasons = [f"{' and '.join(settings)}: failed ({reason})" for reason, settings in failed.items()]
        return "; ".join([f"{chosen.setting} trains {_speed(chosen)} images/s", *others, *reasons])


def _speed(tried: Tried) -> str:
    return f"{tried.images_per_second:.{0 if tried.images_per_second >= 100 else 1}f}"


def candidates(device: str, *, threads: int = 0) -> tuple[Setting, ...]:
    """The settings worth a trial on a device; the first is the one that all are compared with.

    >>> for setting in candidates("cpu", threads=1):
    ...     print(setting)
    channels_last, float32, 1 thread
    channels_last, float32, fused, 1 thread
    channels_last, bfloat16, 1 thread
    channels_last, bfloat16, fused, 1 thread
    NCHW, float32, 1 thread

    With `threads` at 0, a CPU is tried with as many as torch has now, and with one: on small networks and busy machines
    threads wait for each other longer than they compute. CUDA devices are tried with float16 as well.
    """
    if device != "cpu":
        formats = [(last, precision) for last in (True, False) for precision in ("float32", "bfloat16")]
        formats += [(True, "float16")] if device.startswith("cuda") else []
        return tuple(Setting(channels_last=last, precision=precision) for last, precision in formats)
    numbers = [threads] if threads else dict.fromkeys([torch.get_num_threads(), 1])
    return (
        *(
            Setting(precision=precision, fused=fused, threads=number)
            for number in numbers
            for precision in ("float32", "bfloat16")
            for fused in (False, True)
        ),
        Setting(channels_last=False, threads=next(iter(numbers))),
    )


def choose(
    graph: Graph,
    dataset: Dataset,
    recipe: Recipe,
    *,
    seed: int = 0,
    device: str = "cpu",
    among: Sequence[Setting] | None = None,
    seconds: float = SECONDS,
    weights: Weights = None,
) -> Choice:
    """Train a copy of the network for a few steps with each candidate, and say which is fastest.

    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> graph = image(1, 8).conv(8, 3).norm().act("relu").global_pool().flatten().linear(10).graph("tiny")
    >>> among = candidates("cpu", threads=1)[::2]
    >>> choice = choose(graph, open_dataset("digits"), Recipe(epochs=2), among=among, seconds=0.2)
    >>> choice.setting in among, choice.tried[0].images_per_second > 0
    (True, True)

    A step is a whole one of `train`, with these `weights` or random ones: it makes a batch, goes forward and back with
    the recipe's own loss and what the recipe keeps as it is in its last epoch, clips, and moves the weights and their
    average, here at a learning rate near zero. The candidates, those `among` or
    `candidates(device)`, take turns, so that a noisy moment hits all alike. One that fails, computes another loss or is
    hopelessly slower leaves, with the reason. The trial ends after about `seconds`, or `ROUNDS` steps of each; who
    stays is timed at least once, and where steps are long the batches are smaller. float32 is chosen where others gain
    less than 5 %. On CUDA, for a run of more than half an hour, the fastest is tried compiled as well.

    Torch's random state and number of threads are afterwards as before.

    Raises `FeatherboneError` where every candidate fails, with the reason of the first.
    """
    started = time.perf_counter()
    settings = candidates(device) if among is None else tuple(among)
    if not settings:
        raise FeatherboneError("there is no setting to choose among")
    still = replace(recipe, learning_rate=1e-9)
    plan = Plan(graph=graph, dataset=dataset, recipe=still, seed=seed, setting=settings[0], device=device)
    with own_randomness(device):
        plan = _short(plan, weights, seconds)
        trials = [TimedSteps(replace(plan, setting=setting), weights) for setting in settings]
        _race(trials, until=started + seconds)
        if device.startswith("cuda") and not all(trial.reason for trial in trials):
            trials += _compiled(plan, weights, _fastest(trials), steps=recipe.epochs * steps_of(plan))
    tried = tuple(sorted((trial.result() for trial in trials), key=lambda one: -one.images_per_second))
    if not any(one.reason == "" for one in tried):
        raise FeatherboneError(f"{graph.name} cannot be trained here: {trials[0].reason}")
    return Choice(
        setting=_fastest(trials).setting,
        tried=tried,
        batch_size=plan.recipe.batch_size,
        seconds=time.perf_counter() - started,
    )


def _short(plan: Plan, weights: Weights, seconds: float) -> Plan:
    """The plan with batches so small that three steps of each candidate fit the time; often they are as they were.

    What a step takes besides its images is learned from larger batches: of small networks it is most of it.
    """
    whole = plan.recipe.batch_size
    size = min(FEW, whole)
    while size < whole:
        few = replace(plan, recipe=replace(plan.recipe, batch_size=size))
        trial = TimedSteps(few, weights)
        trial.step(timed=False)
        trial.step()
        if trial.reason:
            return plan
        images = int(trial.result().images_per_second * seconds / 27)
        if images < 2 * size:
            return replace(plan, recipe=replace(plan.recipe, batch_size=max(size, images)))
        size = images
    return plan


def _race(trials: Sequence[TimedSteps], *, until: float) -> None:
    """One step each without a clock, then rounds of one step each, in turning order."""
    for trial in trials:
        trial.step(timed=False)
        _leave_with_another_loss(trial, trials[0])
    for number in range(ROUNDS):
        for place in range(len(trials)):
            trials[(number + place) % len(trials)].step()
        best, median = min(trial.seconds for trial in trials), min(trial.median for trial in trials)
        for trial in trials:  # by both: one lucky step says nothing of those beside it
            if trial.seconds > HOPELESS * best and trial.median > HOPELESS * median and not trial.reason:
                trial.leave(f"{trial.seconds / best:.1f} times as long a step as the fastest")
        if time.perf_counter() > until:
            return


def _leave_with_another_loss(trial: TimedSteps, first: TimedSteps) -> None:
    if not (trial.reason or first.reason) and abs(trial.loss - first.loss) > ANOTHER_LOSS * abs(first.loss):
        trial.leave(f"its loss is {trial.loss:.4g} where {first.setting} has {first.loss:.4g}")


def _fastest(trials: Sequence[TimedSteps]) -> TimedSteps:
    """The fastest of those that stayed; float32 before others that are hardly faster."""

    def worth(trial: TimedSteps) -> float:
        speed = trial.result().images_per_second
        return speed * (WORTH if trial.setting.precision == "float32" else 1)

    return max((trial for trial in trials if not trial.reason), key=worth)


def _compiled(plan: Plan, weights: Weights, fastest: TimedSteps, *, steps: int) -> list[TimedSteps]:
    """The fastest compiled, in turns with it for as many steps as it had, where a run of `steps` is a long one."""
    if steps * fastest.seconds < LONG:
        return []
    trial = TimedSteps(replace(plan, setting=replace(fastest.setting, compiled=True)), weights)
    trial.step(timed=False)
    trial.step(timed=False)
    _leave_with_another_loss(trial, fastest)
    for _ in range(fastest.result().steps):
        trial.step()
        fastest.step()
    return [trial]
