"""Models of other families: recurrent, attention, subclassed layers, transposed, detection, 1 and 3 sides, products."""

from __future__ import annotations

import torch
from small_models import (
    IMAGE,
    SEQUENCE,
    Called,
    LayerNorm2d,
    MyBatchNorm2d,
    MyConv2d,
    MyLinear,
    MyReLU,
    StandardizedConv2d,
    Subject,
    attend,
    attention,
    biased,
    by_batch,
    by_einsum,
    by_function,
    by_operator,
    fused,
    layered,
    pyramid,
    recurrent,
    resized,
    sized,
    steps,
    timm,
    torchvision,
    unet,
)
from torch import nn
from torch.nn import functional as F

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
