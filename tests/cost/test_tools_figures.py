"""What the tools printed for small modules of many families, to the last digit; the presets must print the same.

Printed on a CPU by fvcore 0.1.5.post20221221, ptflops 0.7.5 (both back ends), thop 0.1.1-2209072238, torchinfo 1.8.0,
calflops 0.3.2, DeepSpeed 0.19.8 and torch 2.13's FlopCounterMode, halved. ``benchmarks/peers`` runs them.
"""

from __future__ import annotations

import pytest
import torch
from tool_models import (
    MyBatchNorm,
    MyLinear,
    MyReLU,
    Run,
    StandardizedConv2d,
    attend,
    by_einsum,
    by_hand,
    by_matmul,
    enlarged,
    in_batches,
    parameter,
    recurrent,
    steps,
    with_bias,
)
from torch import nn
from torch.nn import functional as F

from featherbone.cost import CONVENTIONS, count, explain
from featherbone.importing import read

TOOLS = ("fvcore", "ptflops", "ptflops-aten", "thop", "torchinfo", "calflops", "deepspeed", "torch")


SEQUENCE, TOKENS, IMAGE, MAP = (10, 8), (12, 32), (3, 32, 32), (3, 16, 16)
# Name: module, input, and what each of TOOLS printed.
PRINTED: dict[str, tuple[nn.Module, tuple[int, ...], tuple[int, ...]]] = {
    "lstm": (
        recurrent(nn.LSTM, 16),
        SEQUENCE,
        (64, 18_308, 68, 17_984, 16_708, 64, 64, 64),
    ),
    "lstm, both ways, 2 layers": (
        recurrent(nn.LSTM, 32, num_layers=2, bidirectional=True),
        SEQUENCE,
        (128, 103_812, 132, 102_528, 97_412, 128, 128, 128),
    ),
    "lstm with projection": (
        recurrent(nn.LSTM, 4, proj_size=4),
        SEQUENCE,
        (16, 10_580, 9_620, 17_936, 9_620, 16, 16, 8_336),
    ),
    "lstm without bias": (
        recurrent(nn.LSTM, 16, bias=False),
        SEQUENCE,
        (64, 17_028, 68, 16_704, 15_428, 64, 64, 64),
    ),
    "gru": (
        recurrent(nn.GRU, 16),
        SEQUENCE,
        (64, 13_668, 12_548, 13_664, 12_548, 64, 64, 11_584),
    ),
    "gru, both ways": (
        recurrent(nn.GRU, 32, bidirectional=True),
        SEQUENCE,
        (128, 27_332, 25_092, 27_328, 25_092, 128, 128, 23_168),
    ),
    "rnn, relu, 2 layers": (
        recurrent(nn.RNN, 16, nonlinearity="relu", num_layers=2),
        SEQUENCE,
        (64, 9_988, 9_668, 9_984, 9_668, 64, 64, 9_024),
    ),
    "lstm cell": (
        Run(steps, cell=nn.LSTMCell(8, 16)),
        SEQUENCE,
        (15_360, 18_240, 16_640, 17_920, 266_240, 0, 0, 15_360),
    ),
    "gru cell": (
        Run(steps, cell=nn.GRUCell(8, 16)),
        SEQUENCE,
        (11_520, 13_600, 12_480, 13_600, 199_680, 0, 0, 11_520),
    ),
    "rnn cell": (
        Run(steps, cell=nn.RNNCell(8, 16)),
        SEQUENCE,
        (3_840, 4_320, 4_160, 4_320, 66_560, 0, 0, 3_840),
    ),
    "convolutions, then gru": (
        Run(
            lambda m, x: m.head(m.gru(m.conv(x).transpose(1, 2))[0]),
            conv=nn.Sequential(nn.Conv1d(8, 12, 3, padding=1), nn.BatchNorm1d(12), nn.ReLU()),
            gru=nn.GRU(12, 16, batch_first=True),
            head=nn.Linear(16, 5),
        ),
        (8, 20),
        (7_840, 39_700, 35_540, 39_360, 34_909, 7_360, 7_360, 34_240),
    ),
    "multihead attention": (
        attend(),
        TOKENS,
        (58_368, 70_656, 59_904, 0, 0, 49_152, 58_368, 58_368),
    ),
    "multihead attention, no weights": (
        attend(need_weights=False),
        TOKENS,
        (49_152, 60_864, 50_688, 0, 0, 49_152, 58_368, 49_152),
    ),
    "multihead attention, masked": (
        attend(attn_mask=torch.zeros(12, 12)),
        TOKENS,
        (53_760, 70_800, 55_296, 0, 0, 53_760, 58_368, 58_368),
    ),
    "transformer encoder layer": (
        nn.TransformerEncoderLayer(32, 4, 64, batch_first=True),
        TOKENS,
        (102_144, 111_936, 100_992, 52_224, 4_320, 98_304, 107_520, 98_304),
    ),
    "transformer decoder layer": (
        Run(lambda m, x: m.of(x, x), of=nn.TransformerDecoderLayer(32, 4, 64, batch_first=True)),
        TOKENS,
        (153_216, 173_184, 151_680, 53_760, 4_384, 147_456, 165_888, 147_456),
    ),
    "fused attention": (
        by_hand(lambda m, *parts: F.scaled_dot_product_attention(*parts)),
        TOKENS,
        (49_152, 50_688, 50_688, 49_152, 4_224, 49_152, 58_368, 49_152),
    ),
    "attention whose features lie apart": (
        by_hand(lambda m, *parts: F.scaled_dot_product_attention(*(part.mT for part in parts)).mT),
        TOKENS,
        (49_152, 50_688, 56_448, 49_152, 4_224, 49_152, 55_296, 55_296),
    ),
    "attention by @": (
        by_hand(lambda m, q, k, v: (q @ k.mT / 8**0.5).softmax(-1) @ v),
        TOKENS,
        (58_368, 50_688, 59_904, 49_152, 4_224, 49_152, 58_368, 58_368),
    ),
    "attention by torch.matmul": (
        by_hand(by_matmul),
        TOKENS,
        (58_368, 60_480, 59_904, 49_152, 4_224, 58_368, 58_368, 58_368),
    ),
    "attention by torch.bmm": (
        by_hand(in_batches(lambda m, *pair: torch.bmm(*pair))),
        TOKENS,
        (58_368, 59_904, 59_904, 49_152, 4_224, 49_152, 58_368, 58_368),
    ),
    "attention by torch.einsum": (
        by_hand(by_einsum),
        TOKENS,
        (58_368, 50_688, 59_904, 49_152, 4_224, 49_152, 49_152, 58_368),
    ),
    "attention by torch.baddbmm": (
        by_hand(in_batches(with_bias), bias=parameter(1, 12, 12)),
        TOKENS,
        (53_760, 60_480, 55_296, 49_152, 4_224, 53_760, 58_368, 58_368),
    ),
    "subclass of linear": (
        nn.Sequential(MyLinear(16, 8)),
        (16,),
        (128, 0, 136, 0, 136, 128, 128, 128),
    ),
    "standardized convolution": (
        nn.Sequential(StandardizedConv2d(3, 8, 3)),
        IMAGE,
        (194_400, 0, 201_600, 0, 201_600, 194_400, 194_400, 194_400),
    ),
    "weight norm": (
        nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3))),
        IMAGE,
        (194_400, 0, 201_600, 0, 0, 194_400, 194_400, 194_400),
    ),
    "transposed, 3 sides": (
        nn.Sequential(nn.ConvTranspose3d(4, 8, 2, stride=2, groups=2)),
        (4, 4, 6, 6),
        (18_432, 27_648, 27_648, 147_456, 156_672, 9_216, 18_432, 18_432),
    ),
    "transposed, 1 side": (
        nn.Sequential(nn.ConvTranspose1d(8, 4, 4, stride=2)),
        (8, 20),
        (2_560, 2_728, 2_728, 5_376, 5_544, 2_560, 2_560, 2_560),
    ),
    "1 side": (
        nn.Sequential(
            nn.Conv1d(8, 16, 5, padding="same"),
            nn.BatchNorm1d(16),
            nn.GELU(),
            nn.MaxPool1d(2),
            nn.Conv1d(16, 16, 3, groups=4, dilation=2),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            nn.Linear(16, 3),
        ),
        (8, 40),
        (4_400, 33_971, 29_619, 31_552, 29_651, 28_720, 28_720, 28_720),
    ),
    "nn.Upsample, nearest": (
        enlarged(scale_factor=2),
        MAP,
        (24_304, 28_224, 21_952, 24_304, 21_952, 21_168, 21_168, 21_168),
    ),
    "nn.Upsample, bilinear": (
        enlarged(scale_factor=2, mode="bilinear", align_corners=True),
        MAP,
        (33_712, 28_224, 21_952, 55_664, 21_952, 21_168, 21_168, 21_168),
    ),
    "nn.Upsample, bicubic": (
        enlarged(size=(20, 30), mode="bicubic"),
        MAP,
        (21_168, 26_752, 21_952, 642_768, 21_952, 21_168, 21_168, 21_168),
    ),
    "interpolate, aligned": (
        Run(
            lambda m, x: F.interpolate(m.conv(x), scale_factor=1.5, mode="bilinear", align_corners=True),
            conv=nn.Conv2d(3, 4, 3, padding=1),
        ),
        MAP,
        (36_864, 30_976, 28_672, 27_648, 28_672, 27_648, 27_648, 27_648),
    ),
    "torch.addmm": (
        Run(lambda m, x: torch.addmm(m.bias, x.flatten(1), m.weight), bias=parameter(5), weight=parameter(32, 5)),
        (4, 8),
        (160, 165, 165, 0, 165, 160, 160, 160),
    ),
    "nn.Bilinear": (
        Run(lambda m, x: m.of(x, x), of=nn.Bilinear(8, 8, 3)),
        (8,),
        (0, 0, 0, 0, 195, 0, 0, 0),
    ),
    "weights alone": (
        Run(lambda m, x: F.linear(x, m.a @ m.b), a=parameter(8, 2), b=parameter(2, 8)),
        (3, 8),
        (320, 0, 320, 0, 0, 192, 320, 320),
    ),
    "torch.add and torch.mul": (
        Run(lambda m, x: torch.add(torch.mul(m.conv(x), 2), m.conv(x)), conv=nn.Conv2d(3, 3, 1)),
        (3, 8, 8),
        (1_152, 1_920, 1_536, 1_152, 1_536, 1_152, 1_152, 1_152),
    ),
    "norms without weights": (
        nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, affine=False), nn.InstanceNorm2d(8), nn.GroupNorm(2, 8, affine=False)
        ),
        MAP,
        (56_448, 48_608, 43_904, 48_608, 43_904, 42_336, 42_336, 42_336),
    ),
    "norms with weights": (
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8, affine=True), nn.GroupNorm(2, 8), nn.LayerNorm(14)),
        MAP,
        (65_856, 51_744, 43_904, 54_880, 43_964, 42_336, 42_336, 42_336),
    ),
    "activations as modules": (
        nn.Sequential(
            nn.Conv2d(3, 8, 3),
            *(nn.PReLU(), nn.ELU(), nn.LeakyReLU(), nn.ReLU6(), nn.SiLU(), nn.GELU(), nn.Hardswish(), nn.Sigmoid()),
            nn.Softmax(1),
        ),
        MAP,
        (42_336, 59_584, 43_904, 48_412, 43_905, 42_336, 42_336, 42_336),
    ),
    "activations as functions": (
        Run(
            lambda m, x: torch.softmax(F.gelu(F.silu(F.relu6(F.elu(torch.relu(m.conv(x)).relu())))), 1),
            conv=nn.Conv2d(3, 4, 3, padding=1),
        ),
        MAP,
        (27_648, 32_768, 28_672, 27_648, 28_672, 27_648, 27_648, 27_648),
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_each_tools_figure_to_the_last_digit(name: str) -> None:
    module, size, printed = PRINTED[name]
    found = read(module, size)
    ours = {tool: count(found.graph, CONVENTIONS[tool], calls=found.calls).macs for tool in TOOLS}
    assert ours == dict(zip(TOOLS, printed, strict=True))


@pytest.mark.parametrize("name", ["lstm", "multihead attention, masked", "activations as modules", "weights alone"])
def test_every_difference_is_explained_by_named_operators(name: str) -> None:
    module, size, _ = PRINTED[name]
    found = read(module, size)
    for each in explain(found.graph, calls=found.calls):
        assert each.difference == sum(part.macs for part in each.parts) == each.macs - count(found.graph).macs
        assert all(part.operator for part in each.parts)


def test_a_subclass_is_seen_by_torchinfo_and_by_no_hook_of_an_exact_class() -> None:
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), MyBatchNorm(8), MyReLU())
    found = read(layers, MAP)
    macs = {tool: count(found.graph, CONVENTIONS[tool], calls=found.calls).macs for tool in ("thop", "torchinfo")}
    assert macs == {"thop": 42_336, "torchinfo": 43_904 + 16}
