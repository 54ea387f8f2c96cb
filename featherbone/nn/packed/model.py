"""A network whose weights are whole numbers times a step for each tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from featherbone.nn.about import About
from featherbone.nn.packed.levels import Levels


@dataclass(frozen=True, kw_only=True, eq=False)
class Levelled:
    """A tensor as whole numbers and the step by which they are multiplied, in float32.

    >>> Levelled(levels=np.array([-1, 0, 3], np.int16), step=0.5).tensor()
    tensor([-0.5000,  0.0000,  1.5000])
    """

    levels: Levels
    step: float

    def tensor(self) -> torch.Tensor:
        """The weights: the same bits on every machine."""
        return torch.from_numpy(self.levels.astype(np.float32) * np.float32(self.step))


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedModel:
    """What a packed file holds: ``levels`` by the names of the weights, ``plain`` those that are kept in float32.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing
    >>> graph = image(1, 8).flatten().linear(2, bias=False, name="last").graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> about = About(graph=graph, classes=("cat", "dog"), preprocessing=seen, provenance={})
    >>> ones = Levelled(levels=np.ones((2, 64), np.int16), step=0.5)
    >>> packed = PackedModel(about=about, levels={"last.weight": ones})
    >>> packed.weights()["last.weight"].unique()
    tensor([0.5000])
    """

    about: About
    levels: Mapping[str, Levelled]
    plain: Mapping[str, torch.Tensor] = field(default_factory=dict)

    def weights(self) -> dict[str, torch.Tensor]:
        """All tensors, in float32, by their names in the graph."""
        return {**{name: each.tensor() for name, each in self.levels.items()}, **self.plain}
