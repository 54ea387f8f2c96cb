"""Training one trial of a search, wherever that happens: all it needs travels with it as plain values."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from featherbone.data import Dataset, open_dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.job.search.reached import require_reached
from featherbone.job.training.tensorboard import Board
from featherbone.nn import stated_checksum
from featherbone.progress import Trained
from featherbone.run_file import TRIALS
from featherbone.search.executors import Task, Tell
from featherbone.search.record.ledger import Score
from featherbone.search.space.design_graph import candidate_graph
from featherbone.train import Recipe, Setting, Training, train
from featherbone.train import TrainingProgress as Report
from featherbone.train.run.checkpoint import NEWEST


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
            require_reached(self.folder_of(trial), after, f"trial {trial}")

        graph = self.graph(trial, design)
        with closing(Board(self.folder_of(trial))) if self.tensorboard else nullcontext() as board:

            def watch(report: Report) -> None:
                tell(Trained(trial=trial, **vars(report)))
                if board is not None and report.is_epoch_end:
                    board.add(report.metrics)

            return train(
                graph,
                self.images.seen_by(graph),
                self.recipe,
                folder=self.folder_of(trial),
                seed=self.seed,
                until_epoch=epochs,
                progress=watch,
                device=self.device,
                setting=self.setting,
            )

    def graph(self, trial: int, design: str) -> Graph:
        """The network of a trial, named after it."""
        return self.images.network(design).renamed(f"design{trial}")

    def folder_of(self, trial: int) -> Path:
        """Where a trial's checkpoint and log are."""
        return self.folder / TRIALS / str(trial)
