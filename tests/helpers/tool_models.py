"""Small modules of many families, for which ``test_tool_figures.py`` states what the tools printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class Run(nn.Module):
    """Layers, parameters and buffers, and a function of them and the input."""

    def __init__(self, function: Callable[..., Any], **held: Any) -> None:
        super().__init__()
        self.function = function
        for name, value in held.items():
            if isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self, x)


class MyLinear(nn.Linear):
    pass


class MyBatchNorm(nn.BatchNorm2d):
    pass


class MyReLU(nn.ReLU):
    pass


class StandardizedConv2d(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


def recurrent(kind: Any, width: int, **settings: Any) -> nn.Module:
    layer = kind(8, 16, batch_first=True, **settings)
    return Run(lambda m, x: m.head(m.layer(x)[0][:, -1]), layer=layer, head=nn.Linear(width, 4))


def steps(m: Any, x: torch.Tensor) -> torch.Tensor:
    state: Any = None
    for step in range(x.shape[1]):
        state = m.cell(x[:, step], state)
    return state[0] if isinstance(state, tuple) else state


def attend(**settings: Any) -> nn.Module:
    return Run(lambda m, x: m.of(x, x, x, **settings)[0], of=nn.MultiheadAttention(32, 4, batch_first=True))


def by_hand(attention: Callable[..., torch.Tensor], **held: Any) -> nn.Module:
    """Attention of 4 heads over 12 tokens of 32 features; ``attention`` gets queries, keys and values of each head."""

    def forward(m: Any, x: torch.Tensor) -> torch.Tensor:
        parts = m.qkv(x).unflatten(-1, (3, 4, 8)).permute(2, 0, 3, 1, 4)
        made: torch.Tensor = m.out(attention(m, *parts).transpose(1, 2).flatten(2))
        return made

    return Run(forward, qkv=nn.Linear(32, 96), out=nn.Linear(32, 32), **held)


def in_batches(product: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def attention(m: Any, *parts: torch.Tensor) -> torch.Tensor:
        query, key, value = (part.flatten(0, 1) for part in parts)
        scores = product(m, query, key.transpose(1, 2)).softmax(-1)
        return torch.bmm(scores, value).unflatten(0, (-1, 4))

    return attention


def by_einsum(m: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    scores = torch.einsum("bhqc,bhkc->bhqk", query, key).softmax(-1)
    return torch.einsum("bhqk,bhkc->bhqc", scores, value)


def by_matmul(m: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    return torch.matmul(F.softmax(torch.matmul(query, key.transpose(-2, -1)), dim=-1), value)


def with_bias(m: Any, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    return torch.baddbmm(m.bias.expand(len(query), -1, -1), query, key)


def enlarged(**settings: Any) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Upsample(**settings))


def parameter(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape))
