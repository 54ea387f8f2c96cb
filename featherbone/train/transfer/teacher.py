"""A trained model that answers for another network's images: the same pixels, its own preprocessing."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from featherbone.data.dataset import Dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.nn import Model, module_with
from featherbone.rewrite import TrainedGraph, fold
from featherbone.train.run.resolution import resized


class Teacher(nn.Module):
    """Normalised batches of `dataset` (N, C, H, W) → the model's scores (N, classes), in the data set's order.

    `graph` is the model's, with feature maps among its outputs where they are asked for; they follow the scores. An
    image that was normalised with one mean and deviation is brought to another by one multiplication and addition a
    channel, so nothing is lost; grey images become three equal channels, and another resolution is reached by bilinear
    interpolation. It computes in its own `precision`, whatever the student does, and with norms folded, which saves a
    third of the time. Nothing here is trained.

    Raises `FeatherboneError` where the classes are not the same, or the teacher takes grey images and the data have
    colours.
    """

    scale: Tensor
    shift: Tensor
    order: Tensor

    def __init__(self, model: Model, graph: Graph, dataset: Dataset, precision: str = "float32") -> None:
        super().__init__()
        _require_same_classes(model, dataset)
        preprocessing = model.preprocessing
        if preprocessing.channels == 1 and dataset.channels != 1:
            raise FeatherboneError(
                f"the teacher {model.graph.name} takes grey images; those of {dataset.name} have colours",
                hint="open the data set with channels=1",
            )
        plain = TrainedGraph(graph, model.weights)
        folded = fold(*plain) if len(graph.outputs) == 1 else plain  # a norm's own map may be one of several outputs
        network = module_with(*folded).eval().requires_grad_(False)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.precision = precision
        self.resolution, self.channels = preprocessing.resolution, preprocessing.channels
        mean, std = (torch.tensor(values, dtype=torch.float64) for values in (dataset.mean, dataset.std))
        own_mean, own_std = (torch.tensor(v, dtype=torch.float64) for v in (preprocessing.mean, preprocessing.std))
        self.register_buffer("scale", (std / own_std).float().reshape(1, -1, 1, 1), persistent=False)
        self.register_buffer("shift", ((mean - own_mean) / own_std).float().reshape(1, -1, 1, 1), persistent=False)
        order = torch.tensor([model.classes.index(name) for name in dataset.classes])
        self.register_buffer("order", order, persistent=False)

    def prepared(self, images: Tensor) -> Tensor:
        """The batch as the teacher was trained on it."""
        return torch.addcmul(self.shift, resized(images, self.resolution).expand(-1, self.channels, -1, -1), self.scale)

    @torch.no_grad()
    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        given = self.prepared(images)
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"):
            found = self.network(given)
        scores, *maps = found if isinstance(found, tuple) else (found,)
        return scores[:, self.order], *maps

    def train(self, mode: bool = True) -> Teacher:
        """Its norms use their running statistics, whatever is trained around it."""
        return super().train(False)


def _require_same_classes(model: Model, dataset: Dataset) -> None:
    missing = sorted(set(dataset.classes) - set(model.classes))
    more = sorted(set(model.classes) - set(dataset.classes))
    if missing or more:
        lists = [
            f"{verb} {', '.join(names[:5])}{' and others' if len(names) > 5 else ''}"
            for verb, names in (("lacks", missing), ("has", more))
            if names
        ]
        raise FeatherboneError(
            f"the teacher {model.graph.name} knows other classes than {dataset.name}: it {' and '.join(lists)}",
            hint="a teacher must have been trained on the same classes; "
            "for weights from elsewhere, give their names in the order of the outputs",
        )
