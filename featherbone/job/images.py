"""The data set of a job: opened with what there is to say about it, and what run.json and the model keep of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from featherbone.data import Dataset, open_dataset, open_photos
from featherbone.data.batches import normalise
from featherbone.data.named import NAMED
from featherbone.errors import FeatherboneError
from featherbone.nn import Preprocessing
from featherbone.progress import Noticed, Progress, Reading, Step
from featherbone.run_record import DataRecord
from featherbone.view import WHOLE, View

FEWEST = 2  # images that layers can be fitted to


def open_images(
    source: str | Path,
    *,
    resolution: int | None,
    channels: int | None = None,
    view: View = WHOLE,
    seed: int,
    skip_bad: bool,
    progress: Progress,
) -> Dataset:
    """The data set that ``open_dataset`` makes of the source; its warnings are told.

    Raises:
        FeatherboneError: the data are no data set.
    """
    progress(Step(name="data", detail=str(source)))
    dataset = open_dataset(
        source,
        resolution=resolution,
        channels=channels,
        view=view,
        seed=seed,
        skip_bad=skip_bad,
        progress=lambda what, done, total: progress(_reading(what, done, total)),
    )
    return _told(dataset, progress)


def open_as_seen(source: str | Path, seen: Preprocessing, *, seed: int, skip_bad: bool, progress: Progress) -> Dataset:
    """Images as a network with this preprocessing takes them, with classes or without: its resolution, view, mean and
    deviation.
    """
    progress(Step(name="data", detail=str(source)))
    dataset = open_photos(
        source,
        resolution=seen.resolution,
        channels=seen.channels,
        view=seen.view,
        seed=seed,
        skip_bad=skip_bad,
        progress=lambda what, done, total: progress(_reading(what, done, total)),
    )
    return replace(_told(dataset, progress), mean=seen.mean, std=seen.std)


def _told(dataset: Dataset, progress: Progress) -> Dataset:
    for sentence in [*([dataset.licence] if dataset.licence else []), *dataset.warnings, *_skipped(dataset)]:
        progress(Noticed(sentence=sentence))
    return dataset


def _reading(what: str, done: int, total: int) -> Reading:
    unit = "MB" if what.startswith("downloading") else "files"
    return Reading(what=what, done=done, total=total, unit=unit)


def located(source: str | Path) -> str:
    """The source as a process in another folder must write it: a path from the root on, or the name of a named set."""
    return source if isinstance(source, str) and source in NAMED else str(Path(source).absolute())


def preprocessing_of(dataset: Dataset) -> Preprocessing:
    """What happens to an image before a network that was trained on these sees it."""
    return Preprocessing(
        resolution=dataset.resolution,
        channels=dataset.channels,
        mean=dataset.mean,
        std=dataset.std,
        crop=dataset.view.crop,
        interpolation=dataset.view.interpolation,
    )


def record_of_data(dataset: Dataset, source: str | Path) -> DataRecord:
    """What run.json says of the data."""
    return DataRecord(
        source=str(source),
        name=dataset.name,
        fingerprint=dataset.fingerprint,
        classes=dataset.classes,
        resolution=dataset.resolution,
        channels=dataset.channels,
        crop=dataset.view.crop,
        interpolation=dataset.view.interpolation,
        counts={name: len(split.labels) for name, split in dataset.splits.items()},
        licence=dataset.licence,
        warnings=dataset.warnings,
        answered_by=dataset.answered_by,
        skipped=dataset.skipped,
    )


def unlabelled(dataset: Dataset, seen: Preprocessing, count: int, seed: int, *, split: str = "train") -> torch.Tensor:
    """At most so many images of a split, drawn by the seed, as a network with this preprocessing takes them.

    Their order is random, so that any part of them shows all classes: fits are judged on the last ones.

    Raises:
        FeatherboneError: fewer than two.
    """
    every = dataset.splits[split].images
    if min(count, len(every)) < FEWEST:
        raise FeatherboneError(
            f"{dataset.name} has {len(every)} images for {split}; at least {FEWEST} are needed to fit layers to"
        )
    chosen = np.random.default_rng(seed).permutation(len(every))[:count]
    return normalise(every[chosen], seen.mean, seen.std).contiguous()


def _skipped(dataset: Dataset) -> list[str]:
    """A sentence about the files that were left out, if any."""
    if not dataset.skipped:
        return []
    path, reason = dataset.skipped[0]
    count = "1 file is" if len(dataset.skipped) == 1 else f"{len(dataset.skipped)} files are"
    return [f"{count} left out, such as {path}: {reason}; the report lists them"]
