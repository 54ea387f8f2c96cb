"""What decides the result of a run; a checkpoint is continued only where all of it is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from featherbone.data.dataset import Dataset
from featherbone.graph import Graph, to_json
from featherbone.train.recipe.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Identity:
    """All that decides a run's result, as text or digests of it."""

    network: str  # SHA-256 of the graph's text, without its name
    recipe: Recipe
    data: str  # the data set's fingerprint
    seed: int
    weights: str  # SHA-256 of the weights that it begins with; "" for those of the seed
    objective: str  # says which, beside the recipe's own
    normalisation: str  # the mean and standard deviation that images are given

    @staticmethod
    def of(
        graph: Graph,
        recipe: Recipe,
        dataset: Dataset,
        seed: int,
        *,
        weights: Mapping[str, Tensor] | None = None,
        objective: str = "",
    ) -> Identity:
        text = to_json(graph.renamed("network"))
        return Identity(
            network=hashlib.sha256(text.encode()).hexdigest(),
            recipe=recipe,
            data=dataset.fingerprint,
            seed=seed,
            weights="" if weights is None else digest(weights),
            objective=objective,
            normalisation=f"mean {list(dataset.mean)}, std {list(dataset.std)}",
        )

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "recipe": self.recipe.to_dict()}

    def differences(self, there: Mapping[str, Any]) -> list[str]:
        """What another run's `to_dict` has else, each as a clause of a sentence.

        >>> from featherbone.data import open_dataset
        >>> from featherbone.graph import image
        >>> linear, digits = image(1, 8).flatten().linear(10).graph("linear"), open_dataset("digits")
        >>> one, other = (Identity.of(linear, Recipe(epochs=9), digits, seed) for seed in (1, 2))
        >>> one.differences(other.to_dict())
        ['another seed (2 there, 1 now)']
        """
        now = self.to_dict()
        found = []
        if there["network"] != now["network"]:
            found.append("another network")
        if there["data"] != now["data"]:
            found.append(f"other data (fingerprint {there['data'][:12]} there, {now['data'][:12]} now)")
        if there["weights"] != now["weights"]:
            found.append("other weights to begin with")
        for name in ("seed", "objective", "normalisation"):
            if there[name] != now[name]:
                found.append(f"another {name} ({there[name]} there, {now[name]} now)")
        for name in sorted({*there["recipe"], *now["recipe"]}):
            before, after = there["recipe"].get(name), now["recipe"].get(name)
            if before != after:
                found.append(f"another {name} ({before} there, {after} now)")
        return found


def digest(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, shapes and values.

    >>> import torch
    >>> digest({"a": torch.zeros(2)}) == digest({"a": torch.zeros(2)}) != digest({"a": torch.ones(2)})
    True
    """
    found = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        values = tensor.detach().cpu().contiguous()
        found.update(f"{name} {tuple(values.shape)} {values.dtype} ".encode())
        found.update(values.numpy().tobytes())
    return found.hexdigest()
