"""How good a file is on labelled images, whatever kind of file it is: it is run as ``featherbone predict`` runs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from featherbone.errors import FeatherboneError
from featherbone.job.evaluating.photos import LabelledImages, labelled_images, require_no_bad
from featherbone.job.finish import evaluation_record
from featherbone.json_values import write_value
from featherbone.metrics import class_scores
from featherbone.progress import Noticed, Progress, Step, silent
from featherbone.run_record import EvaluationRecord
from featherbone.ship.predict import Classifier, load_predictor
from featherbone.train.run.evaluate import evaluate_scores

UNSEEN = ("val", "test")  # the splits whose images no network is trained on


@dataclass(frozen=True, kw_only=True)
class FileEvaluation:
    """What was measured of a file on the images of ``split`` of ``data``.

    ``pictures`` are the images of ``record.worst`` in their order, uint8 (N, H, W, C); ``left_out`` is path and reason
    of each file that is no image.
    """

    model: str
    data: str
    split: str
    classes: tuple[str, ...]
    record: EvaluationRecord
    pictures: np.ndarray
    left_out: tuple[tuple[str, str], ...]

    def facts(self) -> dict[str, Any]:
        """All of it as JSON holds it, with the scores of each class; pictures are left out."""
        found = write_value(self.record)
        scores = class_scores(self.record.confusion)
        return {
            "model": self.model,
            "data": self.data,
            "split": self.split,
            "images": found.pop("test_count"),
            **{name.removeprefix("test_"): value for name, value in found.items()},
            "classes": [
                {
                    "name": name,
                    "images": score.images,
                    "right": score.right,
                    "recall": score.recall,
                    "precision": score.precision,
                    "f1": score.f1,
                }
                for name, score in zip(self.classes, scores, strict=True)
            ],
            "left_out": [list(each) for each in self.left_out],
        }


def evaluate_file(
    model: Path | str,
    source: str,
    *,
    split: str | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    progress: Progress = silent,
) -> FileEvaluation:
    """Evaluate any file that is written here, or an export's folder, on labelled images.

        print(evaluate_file("model.onnx", "new photos").record.test_top1)

    ``split`` is train, val, test or all of the source's images; unless given, test where the source comes divided, and
    else all. With ``skip_bad`` files that are no images are left out.

    Raises:
        FeatherboneError: no model; a source that makes no data set; files that are no images; a class that the network
            does not know.
    """
    progress(Step(name="evaluate", detail=str(model)))
    classifier = load_predictor(model)
    found = labelled_images(
        source, classifier.preprocessing, classifier.classes, str(model), split=split, seed=seed, progress=progress
    )
    if found.split not in UNSEEN and found.name == classifier.trained_on:
        progress(
            Noticed(
                sentence=f"the network was trained on data of the name {found.name}: on images that it has "
                "seen it looks better than it is; --split test takes those that it has not"
            )
        )
    return evaluation_of(classifier, found, str(model), skip_bad=skip_bad)


def evaluation_of(classifier: Classifier, found: LabelledImages, model: str, *, skip_bad: bool) -> FileEvaluation:
    """The evaluation of a classifier on images.

    Raises:
        FeatherboneError: files that are no images; no images.
    """
    paths: list[str] = []

    def scores() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for batch in found.batches():
            paths.extend(batch.paths)
            yield torch.from_numpy(classifier.log_probabilities(batch.images)), torch.from_numpy(batch.labels)

    try:
        tested = evaluate_scores(scores(), len(classifier.classes))
    except FeatherboneError:
        if found.bad:
            require_no_bad(found)
        raise
    if not skip_bad:
        require_no_bad(found)
    record = evaluation_record(tested, paths)
    return FileEvaluation(
        model=model,
        data=found.name,
        split=found.split,
        classes=classifier.classes,
        record=record,
        pictures=_pictures(found, [each.index for each in record.worst]),
        left_out=tuple(sorted(found.bad.items())),
    )


def _pictures(found: LabelledImages, indices: list[int]) -> np.ndarray:
    """The images of these places, read once more: all of them together may not fit into memory."""
    wanted, kept, start = set(indices), {}, 0
    for batch in found.batches():
        for place in wanted & set(range(start, start + len(batch.labels))):
            kept[place] = batch.images[place - start]
        start += len(batch.labels)
        if len(kept) == len(wanted):
            break
    return np.stack([kept[place] for place in indices])
