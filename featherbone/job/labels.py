"""What a trained network is judged by: the labels of images, or where they have none that it knows, its own answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from featherbone.data import Dataset, Split
from featherbone.data.batches import normalise
from featherbone.data.splits import SPLITS
from featherbone.errors import FeatherboneError
from featherbone.job.known_classes import known_places
from featherbone.job.training.starting import some
from featherbone.nn import Model, Preprocessing
from featherbone.progress import Noticed, Progress, Step

BATCH = 64  # images that are computed at a time


def judged_by(dataset: Dataset, model: Model, progress: Progress, splits: Sequence[str] = ("val", "test")) -> Dataset:
    """The images with labels that are places among a network's classes.

        judged_by(open_as_seen("photos", model.preprocessing, ...), model, progress).answered_by

    Where the images show classes of the network, all or some, their labels are those; folders that are named by the
    wnids of ImageNet show the classes of those names. Else, or without labels, the network's own answers stand in their
    place, of these ``splits``, and ``answered_by`` is its name: top-1 is then the share of images that another network
    answers as it does. The images must be as the network sees them.

    Raises:
        FeatherboneError: answers that are no numbers.
    """
    if dataset.classes == model.classes:
        return dataset
    places = known_places(model.classes)
    strange = next((each for each in dataset.classes if each not in places), None)
    if dataset.classes and strange is None:
        return _placed(dataset, model.classes, np.array([places[each] for each in dataset.classes]))
    name = model.graph.name
    why = f"{dataset.name} has no labels"
    if dataset.classes:
        known = f"{name} knows {some(model.classes)}, and not {strange!r}"
        why = f"the labels of {dataset.name} are not used, as {known}"
    sentence = f"{why}; the answers of {name} stand in their place: what is counted as right is what it answers, too"
    progress(Noticed(sentence=sentence))
    if splits:
        progress(Step(name="answers", detail=f"of {name}, in place of labels"))
    found = dict(dataset.splits)
    for split in splits:
        found[split] = replace(found[split], labels=_answers(model, found[split]))
    return replace(
        dataset, classes=model.classes, splits=found, answered_by=name, warnings=(*dataset.warnings, sentence)
    )


def with_labels_of(dataset: Dataset, judged: Dataset) -> Dataset:
    """The same images at another resolution, with the labels that they were given at the first one."""
    splits = {name: replace(split, labels=judged.splits[name].labels) for name, split in dataset.splits.items()}
    return replace(
        dataset, classes=judged.classes, splits=splits, answered_by=judged.answered_by, warnings=judged.warnings
    )


def predictions(module: torch.nn.Module, images: np.ndarray, seen: Preprocessing) -> torch.Tensor:
    """The class that a module answers for each of some images (uint8, images × height × width × channels).

    Raises:
        FeatherboneError: an answer that is no number.
    """
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            logits = module.eval()(normalise(images[start : start + BATCH], seen.mean, seen.std))
            if not bool(logits.isfinite().all()):
                raise FeatherboneError(
                    "the network's answers are no finite numbers",
                    hint="give a network whose weights are finite numbers",
                )
            found.append(logits.argmax(1))
    return torch.cat(found) if found else torch.zeros(0, dtype=torch.long)


def _placed(dataset: Dataset, classes: tuple[str, ...], places: np.ndarray) -> Dataset:
    splits = {}
    for name in SPLITS:
        split = dataset.splits[name]
        splits[name] = replace(split, labels=_fixed(places[split.labels]))
    return replace(dataset, classes=classes, splits=splits)


def _answers(model: Model, split: Split) -> np.ndarray:
    return _fixed(predictions(model.module(), split.images, model.preprocessing).numpy())


def _fixed(labels: np.ndarray) -> np.ndarray:
    labels = labels.astype(np.int64)
    labels.flags.writeable = False
    return labels
