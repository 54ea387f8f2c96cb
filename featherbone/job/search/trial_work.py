"""Training one trial of a search, wherever that happens: all it needs travels with it as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from torch import Tensor

from featherbone.data import Dataset, open_dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.job.search.teacher import SearchTeacher
from featherbone.job.training.tensorboard import EventFiles
from featherbone.nn import Model, stated_checksum
from featherbone.progress import Trained
from featherbone.run_file import TRIALS
from featherbone.search.cuts.cut_design import is_cut
from featherbone.search.cuts.cut_file import load_cut
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
    channels: int | None = None  # that a pretrained network takes; None: as the files have them

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
    dataset = open_dataset(
        images.source,
        resolution=images.resolution,
        channels=images.channels,
        seed=images.seed,
        skip_bad=images.skip_bad,
    )
    if dataset.fingerprint != images.fingerprint:
        raise FeatherboneError(
            f"{images.source} holds other images here (fingerprint {dataset.fingerprint[:12]}) than where the search "
            f"was begun ({images.fingerprint[:12]})",
            hint="give every worker the same files, under the same path",
        )
    return dataset


@dataclass(frozen=True, kw_only=True)
class TrialStart:
    """What a trial begins with: a network, the images as it sees them, its recipe; weights where it is a cut."""

    graph: Graph
    dataset: Dataset
    recipe: Recipe
    weights: Mapping[str, Tensor] | None = None


@dataclass(frozen=True, kw_only=True)
class TrialWork:
    """What a worker does with a task: open the data, build the network, train it from its checkpoint on.

    ``cut_recipe`` is that of cuts of pretrained networks, which begin with weights.
    """

    images: Images
    recipe: Recipe
    seed: int
    folder: Path  # of the run
    setting: Setting
    device: str = "cpu"
    tensorboard: bool = False
    teacher: SearchTeacher | None = None
    cut_recipe: Recipe | None = None

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

        start = self.start(trial, design)
        with closing(EventFiles(self.folder_of(trial))) if self.tensorboard else nullcontext() as events:

            def watch(report: Report) -> None:
                tell(Trained(trial=trial, **vars(report)))
                if events is not None and report.is_epoch_end:
                    events.add(report.metrics)

            return train(
                start.graph,
                start.dataset,
                start.recipe,
                folder=self.folder_of(trial),
                seed=self.seed,
                weights=start.weights,
                objective=self._objective(start),
                execution=Execution(device=self.device, setting=self.setting, until_epoch=epochs, progress=watch),
            )

    def _objective(self, start: TrialStart) -> Objective | None:
        if self.teacher is None:
            return None
        distillation = self.teacher.distillation()
        larger = self._larger(distillation.teacher, start)
        return distillation.objective(start.graph, start.recipe, start.dataset, seed=self.seed, larger=larger)

    def _larger(self, teacher: Model, start: TrialStart) -> Dataset | None:
        """The images of a trial as its teacher takes them, where they are larger and may be."""
        seen = teacher.preprocessing
        if seen.resolution <= start.dataset.resolution or not start.recipe.augment.scales:
            return None
        if seen.channels != start.dataset.channels:
            return None
        return replace(self.images.seen_by(teacher.graph), mean=seen.mean, std=seen.std)

    def start(self, trial: int, design: str) -> TrialStart:
        """What a trial begins with.

        Raises:
            CheckpointMissing: it is a cut whose file is not in the run's folder.
        """
        if not is_cut(design):
            graph = self.images.network(design).renamed(f"design{trial}")
            return TrialStart(graph=graph, dataset=self.images.seen_by(graph), recipe=self.recipe)
        model = load_cut(self.folder, design)
        seen = model.preprocessing
        return TrialStart(
            graph=model.graph.renamed(f"design{trial}"),
            dataset=replace(self.images.seen_by(model.graph), mean=seen.mean, std=seen.std),
            recipe=self.cut_recipe or self.recipe,
            weights=model.weights,
        )

    def graph(self, trial: int, design: str) -> Graph:
        """The network of a trial, named after it."""
        return self.start(trial, design).graph

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
