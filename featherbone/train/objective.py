"""What training lowers: the loss of a network on a batch and its targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from featherbone.data.dataset import Dataset
from featherbone.train.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A loss, and what a checkpoint must know of it.

    - `loss`: (network, images, targets) → a mean over the images; targets are int64 (N,) or float32 (N, classes). It
      calls the network itself, so that it may also call a teacher, or look at feature maps.
    - `identity`: of what it depends on beside recipe and data, such as the digest of a teacher's weights.
    - `module`: its own parameters, if it has any: trained with the network's, and kept in checkpoints.
    """

    loss: Callable[[nn.Module, Tensor, Tensor], Tensor]
    identity: str = ""
    module: nn.Module | None = None


def make_objective(recipe: Recipe, dataset: Dataset) -> Objective:
    """The recipe's loss: cross entropy with label smoothing (arXiv:1512.00567, section 7)."""

    def loss(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(network(images), targets, label_smoothing=recipe.label_smoothing)

    return Objective(loss=loss)
