"""What is profiled: torchvision's architectures, other families, and small modules that show where tools go astray."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from families import FAMILIES
from torch import nn
from torch.nn import functional as F

# Our network of the same architecture; where we have none, only the module itself is compared.
ARCHITECTURES: dict[str, str | None] = {
    "alexnet": "alexnet_single_column",
    "vgg16": "vgg16",
    "squeezenet1_0": "squeezenet",
    "squeezenet1_1": "squeezenet1_1",
    "resnet18": "resnet18",
    "resnet50": "resnet50",
    "resnext50_32x4d": "resnext50_32x4d",
    "inception_v3": "inception_v3",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "mobilenet_v3_small": "mobilenet_v3_small",
    "mnasnet1_0": "mnasnet_b1",
    "shufflenet_v2_x1_0": "shufflenet_v2",
    "efficientnet_b0": "efficientnet_b0",
    "regnet_x_800mf": "regnetx_800mf",
    "regnet_y_400mf": "regnety_400mf",
    "densenet121": None,
    "googlenet": None,
    "convnext_tiny": None,
    "vit_b_16": None,
}


def input_size(name: str) -> tuple[int, ...]:
    """The usual input, without the batch."""
    if name in FAMILIES:
        return FAMILIES[name].size
    if name in MODULES:
        return (8, 16, 16)
    return (3, 299, 299) if name == "inception_v3" else (3, 224, 224)


def build(name: str) -> nn.Module:
    """A fresh model in evaluation mode; tools leave hooks and attributes behind, so each gets its own."""
    models = torchvision_models()  # timm imports it, and needs it prepared
    if name in FAMILIES:
        return FAMILIES[name].build().eval()
    if name in MODULES:
        return MODULES[name]().eval()
    extra: dict[str, Any] = {}
    if name in ("inception_v3", "googlenet"):
        extra = {"aux_logits": False, "init_weights": False}
    made: nn.Module = getattr(models, name)(weights=None, **extra)
    return made.eval()


def torchvision_models() -> Any:
    """torchvision beside a CPU build of torch needs two operators declared before it is imported."""
    if not hasattr(torch.ops.torchvision, "nms"):
        for schema in ("nms", "qnms"):
            LIBRARY.define(f"{schema}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision.models

    return torchvision.models


LIBRARY = torch.library.Library("torchvision", "DEF")


class FunctionalConvolution(nn.Module):
    """One of two convolutions is called as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(8, 16, 3, padding=1, bias=False)
        self.weight = nn.Parameter(torch.ones(16, 16, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(self.first(x), self.weight, padding=1)


class SharedInOneParent(nn.Module):
    """One convolution, run three times."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(self.conv(self.conv(x)))


class SharedByTwoParents(nn.Module):
    """Two blocks hold the same convolution, which therefore runs twice."""

    def __init__(self) -> None:
        super().__init__()
        shared = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.first = nn.Sequential(shared, nn.Identity())
        self.second = nn.Sequential(shared, nn.Identity())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x))


class ModuleActivations(nn.Module):
    """An activation as a module and the same one as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1, bias=False)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.conv(self.relu(self.conv(x))))


class MatrixProduct(nn.Module):
    """Channels attend to each other: two products of activations, written with @."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = self.conv(x).flatten(2)
        return (rows @ rows.transpose(1, 2)) @ rows


class Attention(nn.Module):
    """Scaled dot-product attention over the 256 places of a map, with two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = self.conv(x).flatten(2).unflatten(1, (2, 4)).transpose(2, 3)
        return F.scaled_dot_product_attention(rows, rows, rows)


class LinearOverPlaces(nn.Module):
    """A linear layer applied at each of 256 places."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.linear(x.flatten(2).transpose(1, 2))
        return made


MODULES: dict[str, Callable[[], nn.Module]] = {
    "functional convolution": FunctionalConvolution,
    "shared, one parent": SharedInOneParent,
    "shared, two parents": SharedByTwoParents,
    "transposed convolution": lambda: nn.Sequential(nn.ConvTranspose2d(8, 16, 4, stride=2, padding=1)),
    "depthwise transposed": lambda: nn.Sequential(nn.ConvTranspose2d(8, 8, 2, stride=2, groups=8, bias=False)),
    "activations": ModuleActivations,
    "matrix product": MatrixProduct,
    "attention": Attention,
    "linear over places": LinearOverPlaces,
}
