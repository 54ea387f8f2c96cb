"""How well the packed network answers: beside the true classes, or beside what the network said before."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch

from featherbone.data import Dataset
from featherbone.job.labels import predictions
from featherbone.nn import Model, module_with
from featherbone.rewrite.trained_graph import TrainedGraph


@dataclass(frozen=True, kw_only=True)
class AnswersKept:
    """Two networks on the images of a split: how many of ``count`` both answer alike, and each rightly.

    ``before`` and ``after`` are None where the images have no labels that the networks know.
    """

    count: int
    alike: int
    before: int | None = None
    after: int | None = None

    @property
    def drop(self) -> float:
        """Points of top-1 that were lost, or images of a hundred that are answered otherwise."""
        if self.before is None or self.after is None:
            return 100 * (self.count - self.alike) / self.count
        return 100 * (self.before - self.after) / self.count

    @property
    def standard_error(self) -> float:
        """Of the drop, in points: how far another sample of as many images would typically differ."""
        share = (self.count - self.alike) / self.count
        return 100 * math.sqrt(share * (1 - share) / self.count)


class Judge:
    """The answers of the network as it was, which those of a packed one are held against."""

    def __init__(self, model: Model, network: TrainedGraph, dataset: Dataset, split: str) -> None:
        self.seen, self.images = model.preprocessing, dataset.splits[split].images
        labels = dataset.splits[split].labels
        self.labels = None if dataset.answered_by else torch.tensor(labels.tolist())
        self.answers = self._answers(network)

    def verdict(self, network: TrainedGraph) -> AnswersKept:
        """What a network answers on the same images."""
        found = self._answers(network)
        alike = int((found == self.answers).sum())
        if self.labels is None:
            return AnswersKept(count=len(found), alike=alike)
        before, after = (int((each == self.labels).sum()) for each in (self.answers, found))
        return AnswersKept(count=len(found), alike=alike, before=before, after=after)

    def _answers(self, network: TrainedGraph) -> torch.Tensor:
        return predictions(module_with(*network), self.images, self.seen)


def judged_facts(verdict: AnswersKept) -> dict[str, Any]:
    """How a network answers, as JSON holds it."""
    return {**asdict(verdict), "drop": verdict.drop, "standard_error": verdict.standard_error}
