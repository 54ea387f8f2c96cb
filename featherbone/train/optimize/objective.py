"""What training lowers: a function of the network, a batch and its targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from featherbone.data.dataset import Dataset
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.train.recipe.recipe import Recipe

if TYPE_CHECKING:
    from featherbone.train.run.views import AugmentedView, RowsBeside

# Images → scores, or with `maps` a tuple of the scores and these feature maps.
Network = Callable[[Tensor], Any]


class ViewAnswers(Protocol):
    """What is known of each training image as a view shows it, such as a teacher's scores."""

    @property
    def views(self) -> int:
        """So many views are seen in turn; 0: each epoch sees another."""

    def of(self, view: AugmentedView, device: str) -> RowsBeside:
        """What is known of a view, by the numbers of images; computed on this device where it must be."""

    def said(self, view: AugmentedView) -> str:
        """A sentence where it must be computed, which takes long; else an empty text."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A loss, and what a checkpoint must know of it.

    >>> def halved(network, images, targets):
    ...     return nn.functional.cross_entropy(network(images), targets) / 2
    >>> Objective(loss=halved, identity="halved").maps
    ()

    - `loss`: (network, images, targets) → a mean over the images; targets are int64 (N,) or float32 (N, classes). It
      calls the network itself, so that it may also call a teacher, or look at feature maps.
    - `answers`: what is known of each image of a view beside its target; `loss` then gets it as a fourth argument.
    - `identity`: of what it depends on beside recipe and data, such as the digest of a teacher's weights.
    - `module`: what moves to the device with the network; its parameters, if it has any, are trained with the
      network's, and kept in checkpoints.
    - `maps`: names of nodes; with any, the network returns their feature maps after its scores while it trains.
    """

    loss: Callable[..., Tensor]
    answers: ViewAnswers | None = None
    identity: str = ""
    module: nn.Module | None = None
    maps: tuple[str, ...] = ()


class CrossEntropy(nn.Module):
    """The mean over images of weight · cross entropy, with label smoothing (arXiv:1512.00567, section 7).

    >>> objective = CrossEntropy(smoothing=0.0, weights=torch.tensor([2.0, 1.0]))
    >>> scores = torch.zeros(2, 2)
    >>> round(float(objective(nn.Identity(), scores, torch.tensor([0, 1]))), 4)  # (2 + 1) / 2 · ln 2
    1.0397

    An image weighs what its class weighs; with soft targets, the mean of the classes' weights under its target. So a
    class of weight 2 is trained as if each of its images were there twice.
    """

    weights: Tensor | None

    def __init__(self, *, smoothing: float, weights: Tensor | None) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("weights", weights, persistent=False)  # follows the data, not the run

    def forward(self, network: Network, images: Tensor, targets: Tensor) -> Tensor:
        return self.mean(self.losses(network(images), targets), targets)

    def losses(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Of each image, in nats: scores (N, classes) → (N,)."""
        return functional.cross_entropy(scores, targets, label_smoothing=self.smoothing, reduction="none")

    def mean(self, losses: Tensor, targets: Tensor) -> Tensor:
        """The mean over the images, each with its weight."""
        if self.weights is None:
            return losses.mean()
        weights = targets @ self.weights if targets.is_floating_point() else self.weights[targets]
        return (weights * losses).mean()


def make_objective(recipe: Recipe, dataset: Dataset) -> Objective:
    """The recipe's loss for these classes.

    Raises `FeatherboneError` for class weights that do not fit the classes.
    """
    loss = cross_entropy(recipe, dataset)
    return Objective(loss=loss, module=loss)


def cross_entropy(recipe: Recipe, dataset: Dataset) -> CrossEntropy:
    """The recipe's cross entropy for these classes; raises as `class_weights`."""
    return CrossEntropy(smoothing=recipe.label_smoothing, weights=class_weights(recipe, dataset))


def class_weights(recipe: Recipe, dataset: Dataset) -> Tensor | None:
    """What an image of each class weighs: float32 (classes,), of mean 1 over the training images; None for all alike.

    >>> from featherbone.data import open_dataset
    >>> weights = class_weights(Recipe(epochs=1, class_weights="balanced"), open_dataset("digits"))
    >>> counts = np.bincount(open_dataset("digits").splits["train"].labels)
    >>> bool(np.allclose(weights.numpy() * counts, 107.9))
    True

    `balanced` is images / (classes · images of the class): each class then has the same share of the loss. Weights by
    name are scaled to a mean of 1 as well, so that the learning rate keeps its meaning.

    Raises `FeatherboneError` for a name that is no class, and where no image would count.
    """
    if recipe.class_weights == "none":
        return None
    counts = np.bincount(dataset.splits["train"].labels, minlength=len(dataset.classes))
    if isinstance(recipe.class_weights, str):  # balanced
        asked = np.where(counts, 1 / np.maximum(counts, 1), 0.0)
    else:
        given = dict(recipe.class_weights)
        unknown = next((name for name in given if name not in dataset.classes), None)
        if unknown is not None:
            raise FeatherboneError(
                f"class_weights names {unknown!r}, which is no class of {dataset.name}",
                hint=did_you_mean(unknown, dataset.classes),
            )
        asked = np.array([given.get(name, 1.0) for name in dataset.classes])
    total = float(counts @ asked)
    if total == 0:
        raise FeatherboneError(
            f"class_weights is 0 for every class of {dataset.name} that has training images",
            hint="give the classes to learn a weight above 0",
        )
    return torch.tensor(asked * counts.sum() / total, dtype=torch.float32)
