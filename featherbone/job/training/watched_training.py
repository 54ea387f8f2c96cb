"""A job trains its network, from the checkpoint on, while a `Watcher` tells how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featherbone.job.training.plan import TrainingPlan
from featherbone.job.training.watching import Watcher
from featherbone.progress import Progress, Step
from featherbone.run_record import RunRecord
from featherbone.train import Execution, Setting, Training, train
from featherbone.train.machine.memory import threads_of
from featherbone.train.run.finite import NotFiniteError


def setting_of(record: RunRecord) -> Setting:
    """The setting that the machine chose when the run was begun."""
    assert record.setting is not None, "a training is begun with one"
    return Setting.from_dict(dict(record.setting.chosen))


def trained(plan: TrainingPlan, setting: Setting, folder: Path, progress: Progress) -> Training:
    """The network trained to the recipe's end, from its checkpoint on."""
    progress(Step(name="train", detail=f"{plan.network.graph.name}, {plan.recipe.epochs} epochs"))
    with Watcher(plan, folder, progress) as watch, threads_of(setting), _advised():
        return train(
            plan.network.graph,
            plan.dataset,
            plan.recipe,
            folder=folder,
            seed=plan.request.seed,
            objective=plan.objective(),
            weights=plan.network.weights,
            execution=Execution(device=plan.device, setting=setting, progress=watch),
        )


@contextmanager
def _advised() -> Iterator[None]:
    """Say, where the loss is not finite, which options change the learning rate."""
    try:
        yield
    except NotFiniteError as error:
        raise NotFiniteError(
            error.sentence, hint=f"{error.hint}; --lr gives another learning rate, and --find-lr looks for one"
        ) from error
