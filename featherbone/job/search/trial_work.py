"""Training one trial of a search, wherever that happens: all it needs travels with it as plain values."""

from __future__ import annotations

from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from featherbone.data import Dataset, open_dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.job.search.teacher import SearchTeacher
from featherbone.job.training.tensorboard import EventFiles
from featherbone.nn import stated_checksum
from featherbone.progress import Trained
from featherbone.run_file import TRIALS
from featherbone.search.executors import CheckpointMissing, Task, Tell
from featherbone.search.record.rows import Score
from featherbone.search.space.design_graph import candidate_graph
from featherbone.train import Execution, Objective, Recipe, Setting, Training, train
from featherbone.train import TrainingProgress as Report
from featherbone.train.run.checkpoint import NEWEST, saved_history


@dataclass(frozen=True, kw_only=True)
class Images:
    """How to open the data set of a run again, in another process or on another machine."""

    source: str
    resolution: int | None
    seed: int
    skip_bad: bool
    fingerprint: str

    def open(self) -> Dataset:
        """The data set; a process reads it once.

        Raises:
            FeatherboneError: it is not there, or not the same.
        """
        return _opened(self)

    def network(self, design: str) -> Graph:
        """A candidate for these images."""
        dataset = self.open()
        return candidate_graph(design, classes=len(dataset.classes), channels=dataset.channels)

    def seen_by(self, graph: Graph) -> Dataset:
        """The same images, decoded at the resolution of a network."""
        return _at(self, int(graph.input_shape[1]))


@cache
def _at(images: Images, resolution: int) -> Dataset:
    dataset = images.open()
    if resolution == dataset.resolution:
        return dataset
    return open_dataset(
        images.source,
        resolution=resolution,
        channels=dataset.channels,
        seed=images.seed,
        skip_bad=images.skip_bad,
    )


@cache
def _opened(images: Images) -> Dataset:
    dataset = open_dataset(images.source, resolution=images.resolution, seed=images.seed, skip_bad=images.skip_bad)
    if dataset.fingerprint != images.fingerprint:
        raise FeatherboneError(
            f"{images.source} holds other images here (fingerprint {dataset.fingerprint[:12]}) than where the search "
            f"was begun ({images.fingerprint[:12]})",
            hint="give every worker the same files, under the same path",
        )
    return dataset


@dataclass(frozen=True, kw_only=True)
class TrialWork:
    """What a worker does with a task: open the data, build the network, train it from its checkpoint on."""

    images: Images
    recipe: Recipe
    seed: int
    folder: Path  # of the run
    setting: Setting
    device: str = "cpu"
    tensorboard: bool = False
    teacher: SearchTeacher | None = None

    def __call__(self, task: Task, tell: Tell) -> Score:
        history = self.trained(task.trial, task.design, task.epochs, tell, task.after).history[: task.epochs]
        return Score(
            epochs=task.epochs,
            val_top1=history[-1]["val_top1"],
            val_loss=history[-1]["val_loss"],
            seconds=sum(row["seconds"] for row in history),
            checkpoint=stated_checksum(self.folder_of(task.trial) / NEWEST),
        )

    def trained(self, trial: int, design: str, epochs: int, tell: Tell, after: Score | None = None) -> Training:
        """The trial, trained up to so many epochs, from where it scored ``after``.

        Raises:
            CheckpointMissing: its checkpoint from there is not in its folder.
        """
        if after is not None:
            _require_reached(self.folder_of(trial), after, f"trial {trial}")

        graph = self.graph(trial, design)
        dataset = self.images.seen_by(graph)
        with closing(EventFiles(self.folder_of(trial))) if self.tensorboard else nullcontext() as events:

            def watch(report: Report) -> None:
                tell(Trained(trial=trial, **vars(report)))
                if events is not None and report.is_epoch_end:
                    events.add(report.metrics)

            return train(
                graph,
                dataset,
                self.recipe,
                folder=self.folder_of(trial),
                seed=self.seed,
                objective=self._objective(graph, dataset),
                execution=Execution(device=self.device, setting=self.setting, until_epoch=epochs, progress=watch),
            )

    def _objective(self, graph: Graph, dataset: Dataset) -> Objective | None:
        if self.teacher is None:
            return None
        return self.teacher.distillation().objective(graph, self.recipe, dataset, seed=self.seed)

    def graph(self, trial: int, design: str) -> Graph:
        """The network of a trial, named after it."""
        return self.images.network(design).renamed(f"design{trial}")

    def folder_of(self, trial: int) -> Path:
        """Where a trial's checkpoint and log are."""
        return self.folder / TRIALS / str(trial)


def _require_reached(folder: Path, score: Score, who: str) -> None:
    """Raise unless the newest checkpoint in a folder is the one that got this score, or a later one of that training.

    A worker that died may have saved a later one: its history then holds the very score. A newest one that is damaged
    is left to the training, which goes on from the one before and says so.

    Raises:
        CheckpointMissing: there is none, or one of an earlier epoch or of another training.
    """
    path = folder / NEWEST
    with suppress(FeatherboneError):
        if stated_checksum(path) == score.checkpoint:
            return
    history = saved_history(folder)
    if history is None:
        found = "there is none"
    elif len(history.rows) < score.epochs:
        if history.newer_is_damaged:
            return
        found = f"that of epoch {len(history.rows)} is there"
    else:
        row = history.rows[score.epochs - 1]
        if (row["val_top1"], row["val_loss"]) == (score.val_top1, score.val_loss):
            return
        found = "one of another training is there"
    raise CheckpointMissing(
        f"{who} goes on from its checkpoint of epoch {score.epochs} ({score.checkpoint[:12]}), and in {folder} {found}",
        hint="put that run's files back, or begin anew with another --name",
    )
