"""Small models of the kinds that people bring: what a vocabulary of convolutions does not foresee."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    """An attention block with a class token, positions and layer scale, as timm writes them."""

    def __init__(self, width: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.patches = nn.Conv2d(3, width, 8, stride=8)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, 17, width))
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.ones(width))
        self.head = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.patches(x).flatten(2).transpose(1, 2)
        batch, count, width = y.shape
        y = torch.cat([self.token.expand(batch, -1, -1), y], dim=1) + self.positions
        q, k, v = self.qkv(self.norm(y)).reshape(batch, count + 1, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = (q @ k.transpose(-2, -1) / 8).softmax(-1) @ v
        y = y + self.scale * self.out(seen.transpose(1, 2).reshape(batch, count + 1, width))
        return self.head(y[:, 0])


class Detector(nn.Module):
    """Shared heads on two levels of a pyramid; a dictionary of lists comes out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, stride=4, padding=1), nn.BatchNorm2d(16), nn.SiLU(inplace=True))
        self.down = nn.Conv2d(16, 16, 3, stride=2, padding=1)
        self.classes = nn.Conv2d(16, 6, 3, padding=1)
        self.boxes = nn.Conv2d(16, 4, 1)

    def forward(self, x: torch.Tensor) -> dict[str, list[torch.Tensor]]:
        fine = self.stem(x)
        coarse = self.down(fine)
        fine = fine + F.interpolate(coarse, size=fine.shape[-2:], mode="nearest")
        return {
            "classes": [self.classes(level).sigmoid() for level in (fine, coarse)],
            "boxes": [self.boxes(level) for level in (fine, coarse)],
        }


class Unet(nn.Module):
    """A transposed convolution and a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.last = nn.Conv2d(5, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.cat([x, self.up(F.relu(self.down(x)))], 1))


class Reader(nn.Module):
    """Embedding, two directions of an LSTM, and a decoder that shares the embedding's weights."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(50, 16)
        self.lstm = nn.LSTM(16, 8, num_layers=2, bidirectional=True, batch_first=True)
        self.decoder = nn.Linear(16, 50, bias=False)
        self.decoder.weight = self.words.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.lstm(self.words(ids))[0])


class Squeezed(nn.Module):
    """A timm-style block: functional TF-like padding, squeeze and excitation, hard-swish by hand, drop path."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.reduce = nn.Conv2d(8, 2, 1)
        self.expand = nn.Conv2d(2, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn(self.conv(F.pad(x, (0, 1, 0, 1))))
        y = y * F.relu6(y + 3) / 6
        gate = y.mean((2, 3), keepdim=True)
        y = y * self.expand(F.relu(self.reduce(gate))).sigmoid()
        if self.training:
            y = y * torch.empty(len(y), 1, 1, 1).bernoulli_(0.9)
        return y


class LooksAtValues(nn.Module):
    """Its control flow depends on what it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        y = self.conv(x)
        return y * 2 if y.mean() > 1e9 else y.relu()
