"""Models of other families: recurrent, attention, subclassed layers, transposed, detection, 1 and 3 sides, products."""

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
RECURRENT = {
    "lstm": Subject(build=recurrent(nn.LSTM), size=SEQUENCE),
    "lstm, 2 layers": Subject(build=recurrent(nn.LSTM, num_layers=2), size=SEQUENCE),
    "lstm, both ways, 2 layers": Subject(build=recurrent(nn.LSTM, num_layers=2, bidirectional=True), size=SEQUENCE),
    "lstm without bias": Subject(build=recurrent(nn.LSTM, bias=False), size=SEQUENCE),
    "lstm with projection": Subject(build=recurrent(nn.LSTM, proj_size=4), size=SEQUENCE),
    "gru": Subject(build=recurrent(nn.GRU), size=SEQUENCE),
    "gru, both ways": Subject(build=recurrent(nn.GRU, bidirectional=True), size=SEQUENCE),
    "rnn, tanh": Subject(build=recurrent(nn.RNN), size=SEQUENCE),
    "rnn, relu, 2 layers": Subject(build=recurrent(nn.RNN, nonlinearity="relu", num_layers=2), size=SEQUENCE),
    "lstm cell": Subject(build=lambda: Called(steps, cell=nn.LSTMCell(8, 16)), size=SEQUENCE),
    "gru cell": Subject(build=lambda: Called(steps, cell=nn.GRUCell(8, 16)), size=SEQUENCE),
    "rnn cell": Subject(build=lambda: Called(steps, cell=nn.RNNCell(8, 16)), size=SEQUENCE),
    "convolutions, then gru": Subject(
        build=lambda: Called(
            lambda m, x: m.head(m.gru(m.conv(x).transpose(1, 2))[0]),
            conv=nn.Sequential(nn.Conv1d(8, 12, 3, padding=1), nn.BatchNorm1d(12), nn.ReLU()),
            gru=nn.GRU(12, 16, batch_first=True),
            head=nn.Linear(16, 5),
        ),
        size=(8, 20),
    ),
}
ATTENTION = {
    "multihead attention": Subject(
        build=lambda: Called(attend, attention=nn.MultiheadAttention(32, 4, batch_first=True)), size=(12, 32)
    ),
    "multihead attention, no weights": Subject(
        build=lambda: Called(
            lambda m, x: attend(m, x, need_weights=False), attention=nn.MultiheadAttention(32, 4, batch_first=True)
        ),
        size=(12, 32),
    ),
    "multihead attention, masked": Subject(
        build=lambda: Called(
            lambda m, x: attend(m, x, attn_mask=m.mask),
            attention=nn.MultiheadAttention(32, 4, batch_first=True),
            mask=torch.zeros(12, 12),
        ),
        size=(12, 32),
    ),
    "multihead attention without bias": Subject(
        build=lambda: Called(attend, attention=nn.MultiheadAttention(32, 4, bias=False, batch_first=True)),
        size=(12, 32),
    ),
    "cross attention": Subject(
        build=lambda: Called(
            lambda m, x: m.attention(m.queries.expand(len(x), -1, -1), x, x)[0],
            attention=nn.MultiheadAttention(32, 4, batch_first=True),
            queries=nn.Parameter(torch.zeros(1, 5, 32)),
        ),
        size=(12, 32),
    ),
    "transformer encoder layer": Subject(build=layered(), size=(12, 32)),
    "transformer encoder layer, norm first, gelu": Subject(
        build=layered(norm_first=True, activation="gelu"), size=(12, 32)
    ),
    "transformer encoder": Subject(
        build=lambda: nn.TransformerEncoder(layered()(), 2, enable_nested_tensor=False), size=(12, 32)
    ),
    "transformer decoder layer": Subject(
        build=lambda: Called(lambda m, x: m.layer(x, x), layer=nn.TransformerDecoderLayer(32, 4, 64, batch_first=True)),
        size=(12, 32),
    ),
    "fused attention": attention(fused),
    "attention by @": attention(by_operator),
    "attention by torch.matmul": attention(by_function),
    "attention by torch.bmm": attention(by_batch),
    "attention by torch.einsum": attention(by_einsum),
    "attention by torch.baddbmm": attention(biased, bias=lambda: nn.Parameter(torch.zeros(1, 12, 12))),
    "swin_t": torchvision("swin_t", (3, 224, 224)),
    "swin_v2_t": torchvision("swin_v2_t", (3, 256, 256)),
    "maxvit_t": torchvision("maxvit_t", (3, 224, 224)),
    "timm vit_tiny_patch16_224": timm("vit_tiny_patch16_224"),
    "timm swin_tiny_patch4_window7_224": timm("swin_tiny_patch4_window7_224"),
    "timm levit_128s": timm("levit_128s"),
    "timm mobilevit_xxs": timm("mobilevit_xxs", 256),
    "timm xcit_nano_12_p16_224": timm("xcit_nano_12_p16_224"),
    "timm mixer_s32_224": timm("mixer_s32_224"),
}
SUBCLASSED = {
    "subclass of linear": sized(lambda: MyLinear(16, 8), size=(16,)),
    "subclass of convolution": sized(lambda: MyConv2d(3, 8, 3), size=IMAGE),
    "standardized convolution": sized(lambda: StandardizedConv2d(3, 8, 3), size=IMAGE),
    "subclasses of norm and relu": sized(
        lambda: nn.Conv2d(3, 8, 3), lambda: MyBatchNorm2d(8), MyReLU, lambda: LayerNorm2d(8), size=IMAGE
    ),
    "weight norm": sized(lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3)), size=IMAGE),
    "spectral norm": sized(
        lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(16, 8)), lambda: nn.Linear(8, 4), size=(16,)
    ),
    "timm tf_efficientnet_b0": timm("tf_efficientnet_b0"),
    "timm resnetv2_50x1_bit": timm("resnetv2_50x1_bit"),
    "timm convnext_atto": timm("convnext_atto"),
}
TRANSPOSED = {
    "dcgan": sized(
        lambda: nn.ConvTranspose2d(16, 32, 4, bias=False),
        lambda: nn.BatchNorm2d(32),
        nn.ReLU,
        lambda: nn.ConvTranspose2d(32, 3, 4, stride=2, padding=1),
        nn.Tanh,
        size=(16, 1, 1),
    ),
    "u-net": Subject(build=unet, size=IMAGE),
    "transposed, 1 side": sized(lambda: nn.ConvTranspose1d(8, 4, 4, stride=2), size=(8, 20)),
    "transposed, 3 sides": sized(lambda: nn.ConvTranspose3d(4, 8, 2, stride=2, groups=2), size=(4, 4, 6, 6)),
    "transposed, output padding": sized(
        lambda: nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1), size=(8, 9, 9)
    ),
    "fcn_resnet50": torchvision("segmentation.fcn_resnet50", (3, 128, 128), weights_backbone=None),
    "deeplabv3_mobilenet_v3_large": torchvision(
        "segmentation.deeplabv3_mobilenet_v3_large", (3, 128, 128), weights_backbone=None
    ),
    "lraspp_mobilenet_v3_large": torchvision(
        "segmentation.lraspp_mobilenet_v3_large", (3, 128, 128), weights_backbone=None
    ),
}
DETECTION = {
    "feature pyramid and heads": Subject(build=pyramid, size=(3, 32, 32)),
    "timm darknet53": timm("darknet53", 128),
    "timm hrnet_w18_small": timm("hrnet_w18_small", 128),
}
SIDES = {
    "1 side": sized(
        lambda: nn.Conv1d(8, 16, 5, padding="same"),
        lambda: nn.BatchNorm1d(16),
        nn.GELU,
        lambda: nn.MaxPool1d(2),
        lambda: nn.Conv1d(16, 16, 3, groups=4, dilation=2),
        lambda: nn.AdaptiveAvgPool1d(1),
        nn.Flatten,
        lambda: nn.Linear(16, 3),
        size=(8, 40),
    ),
    "3 sides": sized(
        lambda: nn.Conv3d(2, 8, 3, padding=1),
        lambda: nn.BatchNorm3d(8),
        nn.ELU,
        lambda: nn.AvgPool3d(2),
        lambda: nn.Conv3d(8, 8, (3, 1, 1)),
        lambda: nn.AdaptiveAvgPool3d(1),
        nn.Flatten,
        lambda: nn.Linear(8, 3),
        size=(2, 8, 8, 8),
    ),
    "r3d_18": torchvision("video.r3d_18", (3, 4, 56, 56)),
    "r2plus1d_18": torchvision("video.r2plus1d_18", (3, 4, 56, 56)),
}
ENLARGED = {
    "nn.Upsample, nearest": sized(lambda: nn.Conv2d(3, 4, 3), lambda: nn.Upsample(scale_factor=2), size=(3, 16, 16)),
    "nn.Upsample, bilinear": sized(
        lambda: nn.Conv2d(3, 4, 3),
        lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        size=(3, 16, 16),
    ),
    "nn.Upsample, bicubic": sized(
        lambda: nn.Conv2d(3, 4, 3), lambda: nn.Upsample(size=(20, 30), mode="bicubic"), size=(3, 16, 16)
    ),
    "nn.Upsample, 1 side": sized(
        lambda: nn.Conv1d(3, 4, 3), lambda: nn.Upsample(scale_factor=2, mode="linear"), size=(3, 16)
    ),
    "nn.Upsample, 3 sides": sized(
        lambda: nn.Conv3d(3, 4, 1), lambda: nn.Upsample(scale_factor=2, mode="trilinear"), size=(3, 4, 8, 8)
    ),
    "interpolate, nearest, scale": resized(lambda m, x: F.interpolate(m.conv(x), scale_factor=2)),
    "interpolate, bilinear, size": resized(lambda m, x: F.interpolate(m.conv(x), size=(30, 40), mode="bilinear")),
    "interpolate, aligned": resized(
        lambda m, x: F.interpolate(m.conv(x), scale_factor=1.5, mode="bilinear", align_corners=True)
    ),
    "pixel shuffle": sized(lambda: nn.Conv2d(3, 12, 3, padding=1), lambda: nn.PixelShuffle(2), size=(3, 16, 16)),
}
PRODUCTS = {
    "torch.addmm": Subject(
        build=lambda: Called(
            lambda m, x: torch.addmm(m.bias, x.flatten(1), m.weight),
            bias=nn.Parameter(torch.zeros(5)),
            weight=nn.Parameter(torch.zeros(32, 5)),
        ),
        size=(4, 8),
    ),
    "torch.mm": Subject(
        build=lambda: Called(lambda m, x: torch.mm(x.flatten(1), m.weight), weight=nn.Parameter(torch.zeros(32, 5))),
        size=(4, 8),
    ),
    "nn.Bilinear": Subject(
        build=lambda: Called(lambda m, x: m.bilinear(x, x), bilinear=nn.Bilinear(8, 8, 3)), size=(8,)
    ),
    "buffers alone": Subject(
        build=lambda: Called(lambda m, x: x + m.a @ m.b, a=torch.zeros(8, 6), b=torch.zeros(6, 8)), size=(8, 8)
    ),
    "weights alone": Subject(
        build=lambda: Called(
            lambda m, x: F.linear(x, m.a @ m.b), a=nn.Parameter(torch.zeros(8, 2)), b=nn.Parameter(torch.zeros(2, 8))
        ),
        size=(3, 8),
    ),
    "torch.add and torch.mul": Subject(
        build=lambda: Called(lambda m, x: torch.add(torch.mul(m.conv(x), 2), m.conv(x)), conv=nn.Conv2d(3, 3, 1)),
        size=(3, 8, 8),
    ),
}
NORMS = {
    "norms without weights": sized(
        lambda: nn.Conv2d(3, 8, 3),
        lambda: nn.BatchNorm2d(8, affine=False),
        lambda: nn.InstanceNorm2d(8),
        lambda: nn.GroupNorm(2, 8, affine=False),
        size=(3, 16, 16),
    ),
    "norms with weights": sized(
        lambda: nn.Conv2d(3, 8, 3),
        lambda: nn.InstanceNorm2d(8, affine=True),
        lambda: nn.GroupNorm(2, 8),
        lambda: nn.LayerNorm(14),
        size=(3, 16, 16),
    ),
    "activations as modules": sized(
        lambda: nn.Conv2d(3, 8, 3),
        nn.PReLU,
        nn.ELU,
        nn.LeakyReLU,
        nn.ReLU6,
        nn.SiLU,
        nn.GELU,
        nn.Hardswish,
        nn.Sigmoid,
        lambda: nn.Softmax(1),
        size=(3, 16, 16),
    ),
    "activations as functions": resized(
        lambda m, x: torch.softmax(F.gelu(F.silu(F.relu6(F.elu(torch.relu(m.conv(x)).relu())))), 1)
    ),
}
FAMILIES: dict[str, Subject] = {
    **RECURRENT,
    **ATTENTION,
    **SUBCLASSED,
    **TRANSPOSED,
    **DETECTION,
    **SIDES,
    **ENLARGED,
    **PRODUCTS,
    **NORMS,
}
