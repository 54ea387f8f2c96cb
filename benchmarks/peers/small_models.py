"""How small models of other families are built, for the tables of ``families.py``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True, kw_only=True)
class Subject:
    """How a model is built, and the size of its input without the batch."""

    build: Callable[[], nn.Module]
    size: tuple[int, ...]


class Called(nn.Module):
    """Layers, and a function of them and the input: the forward of a small model in one line."""

    def __init__(self, forward: Callable[..., Any], /, **layers: nn.Module | nn.Parameter | torch.Tensor) -> None:
        super().__init__()
        for name, layer in layers.items():
            if isinstance(layer, torch.Tensor) and not isinstance(layer, nn.Parameter):
                self.register_buffer(name, layer)
            else:
                setattr(self, name, layer)
        self.function = forward

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self, x)


def recurrent(kind: type[nn.Module], **settings: Any) -> Callable[[], nn.Module]:
    """A recurrent layer over a sequence of 8 features, and a linear layer on its last step."""

    def build() -> nn.Module:
        layer: Any = kind(8, 16, batch_first=True, **settings)
        width = settings.get("proj_size") or 16
        head = nn.Linear(width * (2 if settings.get("bidirectional") else 1), 4)
        return Called(lambda m, x: m.head(m.layer(x)[0][:, -1]), layer=layer, head=head)

    return build


def steps(m: Any, x: torch.Tensor) -> torch.Tensor:
    """A cell, step by step."""
    state = None
    for step in range(x.shape[1]):
        state = m.cell(x[:, step], state)
    return state[0] if isinstance(state, tuple) else state


def attend(m: Any, x: torch.Tensor, **settings: Any) -> torch.Tensor:
    made: torch.Tensor = m.attention(x, x, x, **settings)[0]
    return made


def heads(m: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    query, key, value = m.qkv(x).unflatten(-1, (3, 4, 8)).permute(2, 0, 3, 1, 4)
    return query, key, value


def fused(m: Any, x: torch.Tensor) -> torch.Tensor:
    made: torch.Tensor = m.out(F.scaled_dot_product_attention(*heads(m, x)).transpose(1, 2).flatten(2))
    return made


def by_operator(m: Any, x: torch.Tensor) -> torch.Tensor:
    query, key, value = heads(m, x)
    made: torch.Tensor = m.out((((query @ key.mT) / 8**0.5).softmax(-1) @ value).transpose(1, 2).flatten(2))
    return made


def by_function(m: Any, x: torch.Tensor) -> torch.Tensor:
    query, key, value = heads(m, x)
    scores = F.softmax(torch.matmul(query, key.transpose(-2, -1)), dim=-1)
    made: torch.Tensor = m.out(torch.matmul(scores, value).transpose(1, 2).flatten(2))
    return made


def by_batch(m: Any, x: torch.Tensor) -> torch.Tensor:
    query, key, value = (part.flatten(0, 1) for part in heads(m, x))
    scores = torch.bmm(query, key.transpose(1, 2)).softmax(-1)
    made: torch.Tensor = m.out(torch.bmm(scores, value).unflatten(0, (-1, 4)).transpose(1, 2).flatten(2))
    return made


def by_einsum(m: Any, x: torch.Tensor) -> torch.Tensor:
    query, key, value = heads(m, x)
    scores = torch.einsum("bhqc,bhkc->bhqk", query, key).softmax(-1)
    made: torch.Tensor = m.out(torch.einsum("bhqk,bhkc->bhqc", scores, value).transpose(1, 2).flatten(2))
    return made


def biased(m: Any, x: torch.Tensor) -> torch.Tensor:
    query, key, value = (part.flatten(0, 1) for part in heads(m, x))
    scores = torch.baddbmm(m.bias.expand(len(query), -1, -1), query, key.transpose(1, 2)).softmax(-1)
    made: torch.Tensor = m.out(torch.bmm(scores, value).unflatten(0, (-1, 4)).transpose(1, 2).flatten(2))
    return made


def attention(forward: Callable[..., torch.Tensor], **more: Callable[[], Any]) -> Subject:
    """Attention of 4 heads over 12 tokens of 32 features, written by hand."""

    def build() -> nn.Module:
        extra = {name: make() for name, make in more.items()}
        return Called(forward, qkv=nn.Linear(32, 96), out=nn.Linear(32, 32), **extra)

    return Subject(build=build, size=(12, 32))


def layered(**settings: Any) -> Callable[[], nn.Module]:
    return lambda: nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, **settings)


class MyLinear(nn.Linear):
    """A subclass that changes nothing."""


class MyConv2d(nn.Conv2d):
    """A subclass that changes nothing."""


class StandardizedConv2d(nn.Conv2d):
    """Weights are standardized before they are used, as in Big Transfer."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class MyBatchNorm2d(nn.BatchNorm2d):
    """A subclass that changes nothing."""


class MyReLU(nn.ReLU):
    """A subclass that changes nothing."""


class LayerNorm2d(nn.LayerNorm):
    """Over channels of a map, as timm and torchvision have it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


def unet() -> nn.Module:
    """A small U-Net: the way down, the way up by a transposed convolution, and the skip."""

    def forward(m: Any, x: torch.Tensor) -> torch.Tensor:
        first = m.down1(x)
        made: torch.Tensor = m.head(m.join(torch.cat([first, m.up(m.down2(first))], 1)))
        return made

    return Called(
        forward,
        down1=nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU()),
        down2=nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        up=nn.ConvTranspose2d(16, 8, 2, stride=2),
        join=nn.Sequential(nn.Conv2d(16, 8, 3, padding=1), nn.ReLU()),
        head=nn.Conv2d(8, 2, 1),
    )


def pyramid() -> nn.Module:
    """Detection: two levels joined by interpolation, one head for both that gives classes and boxes."""

    def forward(m: Any, x: torch.Tensor) -> list[torch.Tensor]:
        fine = m.stem(x)
        coarse = m.deep(fine)
        top = m.lateral2(coarse)
        joined = m.lateral1(fine) + F.interpolate(top, size=fine.shape[-2:], mode="nearest")
        return [head(level) for level in (joined, top) for head in (m.classes, m.boxes)]

    return Called(
        forward,
        stem=nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU6()),
        deep=nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.LeakyReLU(0.1)),
        lateral1=nn.Conv2d(8, 8, 1),
        lateral2=nn.Conv2d(16, 8, 1),
        classes=nn.Conv2d(8, 9, 3, padding=1),
        boxes=nn.Conv2d(8, 12, 3, padding=1),
    )


def resized(forward: Callable[..., torch.Tensor]) -> Subject:
    return Subject(build=lambda: Called(forward, conv=nn.Conv2d(3, 4, 3, padding=1)), size=(3, 16, 16))


def sized(*layers: Callable[[], nn.Module], size: tuple[int, ...]) -> Subject:
    return Subject(build=lambda: nn.Sequential(*(layer() for layer in layers)), size=size)


def timm(name: str, size: int = 224) -> Subject:
    def build() -> nn.Module:
        made: nn.Module = importlib.import_module("timm").create_model(name, pretrained=False)
        return made

    return Subject(build=build, size=(3, size, size))


def torchvision(path: str, size: tuple[int, ...], **settings: Any) -> Subject:
    def build() -> nn.Module:
        module, _, name = f"torchvision.models.{path}".rpartition(".")
        made: nn.Module = getattr(importlib.import_module(module), name)(weights=None, **settings)
        return made

    return Subject(build=build, size=size)


SEQUENCE, IMAGE = (10, 8), (3, 32, 32)
