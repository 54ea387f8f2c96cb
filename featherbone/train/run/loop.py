"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from featherbone.data.dataset import Dataset
from featherbone.graph import Graph
from featherbone.nn import weights_of
from featherbone.train.machine.memory import threads_of
from featherbone.train.machine.usable import usable
from featherbone.train.optimize.objective import Objective, make_objective
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.run.begin import begin
from featherbone.train.run.checkpoint import restore
from featherbone.train.run.clock import counted, timed, timer
from featherbone.train.run.early_stop import best_epoch, is_over, keep_best, stop_note
from featherbone.train.run.epochs import epoch_batches, said_of_answers, steps_of
from featherbone.train.run.evaluate import evaluate
from featherbone.train.run.execution import HERE, Execution
from featherbone.train.run.finite import lost_note, require_finite
from featherbone.train.run.identity import Identity
from featherbone.train.run.plan import Plan
from featherbone.train.run.randomness import own_randomness
from featherbone.train.run.reporting import Teller
from featherbone.train.run.requirements import require_trainable
from featherbone.train.run.resuming import agreed_setting, resumed
from featherbone.train.run.saving import Keeper
from featherbone.train.run.state import State
from featherbone.train.run.step import make_step, recipe_rates
from featherbone.train.run.stopping import Stopping, stoppable
from featherbone.train.run.training import Training
from featherbone.train.several.distributed import joined, own_device
from featherbone.train.transfer.freeze import frozen_nodes, hold


def train(
    graph: Graph,
    dataset: Dataset,
    recipe: Recipe,
    *,
    folder: Path,
    seed: int,
    weights: Mapping[str, Tensor] | None = None,
    objective: Objective | None = None,
    execution: Execution = HERE,
) -> Training:
    """Train a network, or go on where `folder` stands.

    >>> import tempfile
    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> graph = image(1, 8).flatten().linear(10).graph("linear")
    >>> folder = Path(tempfile.mkdtemp())
    >>> recipe = Recipe(epochs=2, learning_rate=0.01)
    >>> training = train(graph, open_dataset("digits"), recipe, folder=folder, seed=0)
    >>> training.epoch, training.val_top1 > 0.7, sorted(path.name for path in folder.iterdir())
    (2, True, ['checkpoint.previous.safetensors', 'checkpoint.safetensors', 'log.jsonl', 'training.lock'])

    After each epoch the averaged weights are evaluated on `val`, and a checkpoint and `log.jsonl` are written; within
    a long epoch a checkpoint is written every minute. Stopped at any moment and called again, or paused with
    `until_epoch`, it ends bit for bit as if it had never stopped, on a CPU with the same number of threads. Where
    `until_epoch` is behind already, nothing is trained and nothing lost.

    A first SIGINT (Ctrl-C) or SIGTERM lets the step end, saves it and raises `KeyboardInterrupt`; a second one raises
    at once. One process at a time trains in a folder.

    Started by `torchrun`, the processes train together, each on its share of every batch, with the same result but for
    the rounding; the first one writes and reports. A run goes on with another number of processes.

    `weights` are begun with instead of random ones, `objective` is lowered instead of the recipe's loss. `execution`
    says where and how it is computed, how far, and who is told.

    Raises:
        FeatherboneError: the network does not fit the data; the folder belongs to another run, with the difference, or
            is in use; the loss is not finite, or a checkpoint cannot be written: the last checkpoint is then intact.
        KeyboardInterrupt: the run was asked to stop.
    """
    last = recipe.epochs if execution.until_epoch is None else execution.until_epoch
    require_trainable(graph, dataset, recipe, last)
    frozen, device = frozen_nodes(graph, recipe), own_device(execution.device)
    objective = objective or make_objective(recipe, dataset)
    identity = Identity.of(graph, recipe, dataset, seed, weights=weights, objective=objective.identity)
    with (
        joined(device) as processes,
        resumed(folder, identity, processes) as saved,
        threads_of(agreed_setting(saved, execution.setting, processes)) as setting,
        own_randomness(device),
        stoppable(processes) as stopping,
    ):
        setting, lost = usable(setting)
        plan = Plan(
            graph=graph, dataset=dataset, recipe=recipe, seed=seed, setting=setting, device=device, processes=processes
        )
        state = begin(plan, objective, weights)
        if saved is not None:
            restore(saved, state)
        tell, keep = Teller(plan, execution.progress), Keeper(folder, identity, plan)
        tell.note(state, saved.note if saved else "")
        tell.note(state, lost)
        keep.begin(state.history)
        step, save_due = make_step(plan, state, objective), timer(execution.save_every)
        at_once = partial(_at_once, stopping, keep, tell, state)
        tell.note(state, said_of_answers(plan, state.epoch, objective.answers))
        while state.epoch <= last and not is_over(recipe, state.history):
            hold(state.network, frozen, recipe, state.epoch)
            with at_once(), counted(state):  # what a teacher says of the epoch's images may have to be asked
                shown = epoch_batches(plan, state.epoch, first=state.step, answers=objective.answers)
            for batch in timed(state, shown):
                tell.step(state, step(*batch))
                if stopping.agreed() or save_due():
                    keep.save(state)
                    tell.stop(state, stopping)
            with at_once():
                row = _evaluated(plan, state)
            state.finish_epoch(row)
            keep_best(recipe, state)
            keep.epoch(state, row)
            tell.epoch(row)
            tell.note(state, lost_note(recipe, state.history, len(dataset.classes)))
            tell.note(state, stop_note(recipe, state.history))
            tell.stop(state, stopping)
    return _ended(recipe, state, saved.note if saved else "")


def _ended(recipe: Recipe, state: State, note: str) -> Training:
    """What came of it: the averaged weights, of the best epoch where the recipe keeps that."""
    shipped = weights_of(state.averaged) if state.best is None else state.best
    return Training(
        epoch=len(state.history),
        best_epoch=best_epoch(recipe, state.history),
        finished=is_over(recipe, state.history),
        history=tuple(state.history),
        weights={name: tensor.cpu().contiguous().clone() for name, tensor in shipped.items()},
        note=note,
    )


@contextmanager
def _at_once(stopping: Stopping, keep: Keeper, tell: Teller, state: State) -> Iterator[None]:
    """For long work between steps that changes nothing: stopped at any moment, the run is saved where it stands."""
    try:
        with stopping.at_once():
            yield
    except KeyboardInterrupt:
        keep.save(state)
        tell.stop(state, stopping)
        raise


def _evaluated(plan: Plan, state: State) -> dict[str, Any]:
    """The row of the history of an epoch whose steps are done; it changes nothing."""
    started, steps = time.perf_counter(), steps_of(plan)
    found = evaluate(
        state.averaged, plan.dataset.splits["val"], plan.dataset, device=plan.device, processes=plan.processes
    )
    rate, _ = recipe_rates(plan)(state.epoch * steps - 1)
    require_finite(found.loss, f"on val after epoch {state.epoch}", plan.recipe, plan.setting, rate=rate, first=False)
    return {
        "epoch": state.epoch,
        "lr": rate,
        "train_loss": state.loss / steps,
        "val_loss": found.loss,
        "val_top1": found.top1,
        "seconds": round(state.seconds + time.perf_counter() - started, 3),
    }
