"""A model as a program of ``torch.export``, for targets that convert one."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from featherbone.nn import Model, Preprocessing, module_with
from featherbone.quantize import prepared


def exported_program(
    model: Model, *, from_pixels: bool = False, channels_last: bool = False
) -> torch.export.ExportedProgram:
    """The network in its form for inference, on a batch of one.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> program = exported_program(Model(graph=graph, weights=weights, classes=("a", "b"), preprocessing=seen))
    >>> program.module()(torch.zeros(1, 1, 8, 8)).shape
    torch.Size([1, 2])

    It maps float32 (1, channels, height, width), normalised, to logits. ``from_pixels``, it takes values of 0 to 255
    and gives probabilities; ``channels_last``, these are uint8 (1, height, width, channels). Branches are merged and
    norms folded (``featherbone.quantize.prepared``), so that a converter has nothing left to fold.
    """
    network = prepared(model.graph, model.weights)
    net, seen = module_with(network.graph, network.weights).eval(), model.preprocessing
    example = torch.zeros(1, *seen.shape)
    if from_pixels:
        net = FromPixels(net, seen, channels_last=channels_last).eval()
        if channels_last:
            example = torch.zeros(1, seen.resolution, seen.resolution, seen.channels, dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.export's of itself
        return torch.export.export(net, (example,))


class FromPixels(nn.Module):
    """A network with what stands before and behind it: pixels in, probabilities out."""

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, net: nn.Module, seen: Preprocessing, *, channels_last: bool) -> None:
        super().__init__()
        self.net, self.channels_last = net, channels_last
        std, mean = (torch.tensor(values, dtype=torch.float64).reshape(1, -1, 1, 1) for values in (seen.std, seen.mean))
        self.register_buffer("scale", (1 / (255 * std)).float())
        self.register_buffer("shift", (-mean / std).float())

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        first = pixels.permute(0, 3, 1, 2).float() if self.channels_last else pixels
        return torch.softmax(self.net(first * self.scale + self.shift), 1)
