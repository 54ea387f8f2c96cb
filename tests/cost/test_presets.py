"""Each preset prints what its tool printed for torchvision's model of the same architecture (benchmarks/peers)."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import featherbone
from featherbone.cost import CONVENTIONS, PAPERS, Charge, convention_named, count, explain
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image, symbols
from featherbone.importing import read
from featherbone.networks import network

PRINTED = {
    "resnet50": {
        "papers": 4_089_184_256,
        "fvcore": 4_111_512_576,
        "ptflops": 4_132_436_968,
        "ptflops-aten": 4_089_185_256,
        "thop": 4_133_742_592,
        "torchinfo": 4_089_238_376,
        "calflops": 4_089_184_256,
        "deepspeed": 4_089_184_256,
        "torch": 4_089_184_256,
    },
    "squeezenet": {  # convolutions with biases
        "fvcore": 819_093_576,
        "ptflops": 836_821_960,
        "ptflops-aten": 823_270_824,
        "thop": 819_094_576,
        "torchinfo": 823_270_824,
        "torch": 818_924_576,
    },
    "mobilenet_v3_large": {  # squeeze-and-excitation, hard-swish
        "fvcore": 226_033_824,
        "ptflops": 231_316_416,
        "ptflops-aten": 216_597_120,
        "thop": 234_838_456,
        "torchinfo": 216_621_520,
        "calflops": 216_589_760,
    },
    "efficientnet_b0": {  # silu, sigmoid
        "fvcore": 401_659_392,
        "ptflops": 410_196_896,
        "thop": 415_145_024,
        "torchinfo": 385_867_108,
        "deepspeed": 385_814_752,
    },
}


@pytest.mark.parametrize(
    ("spec", "name", "printed"), [(spec, name, macs) for spec, row in PRINTED.items() for name, macs in row.items()]
)
def test_the_tools_figure_to_the_last_digit(spec: str, name: str, printed: int) -> None:
    assert count(network(spec), CONVENTIONS[name]).macs == printed


class Convolutions(nn.Module):
    """One convolution is a module, the other a function."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(8, 16, 3, padding=1, bias=False)
        self.weight = nn.Parameter(torch.ones(16, 16, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(self.first(x), self.weight, padding=1)


class Activations(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1, bias=False)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.conv(self.relu(self.conv(x))))


class Means(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        self.way, self.average = way, nn.AdaptiveAvgPool2d(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.way == "method":
            return x.mean((2, 3))
        return self.average(x) if self.way == "module" else F.adaptive_avg_pool2d(x, 1)


@pytest.mark.parametrize(
    ("model", "printed"),
    [
        (Convolutions(), {"fvcore": 884_736, "ptflops": 294_912, "thop": 294_912, "torchinfo": 294_912}),
        (Activations(), {"fvcore": 32_768, "ptflops": 38_912, "thop": 32_768, "torchinfo": 32_768}),
        (
            nn.Sequential(nn.ConvTranspose2d(8, 16, 4, stride=2, padding=1)),
            {"fvcore": 524_288, "ptflops": 540_672, "thop": 2_097_152, "torchinfo": 2_113_536, "deepspeed": 524_288},
        ),
        (Means("module"), {"fvcore": 2048, "ptflops": 4096, "thop": 2056, "torch": 0}),
        (Means("function"), {"fvcore": 2048, "ptflops": 2048, "thop": 0}),
        (Means("method"), {"fvcore": 0, "ptflops": 0, "thop": 0}),
    ],
    ids=["convolutions", "activations", "transposed", "module", "function", "method"],
)
def test_how_a_layer_is_written_matters_to_tools_that_look_at_modules(
    model: nn.Module, printed: dict[str, int]
) -> None:
    found = {name: featherbone.profile(model, (8, 16, 16), convention=CONVENTIONS[name]).macs for name in printed}
    assert found == printed


def test_a_capture_says_how_each_operator_was_called() -> None:
    calls = read(Convolutions(), (8, 16, 16)).calls
    assert [(call.function, call.layer, call.exact) for call in calls.values()] == [
        ("torch.conv2d", "Conv2d", True),
        ("torch.conv2d", "", False),
    ]


@pytest.mark.parametrize("spec", ["resnet18", "mobilenet_v3_small", "squeezenet", "shufflenet_v2", "regnety_400mf"])
def test_parts_add_up_to_the_difference(spec: str) -> None:
    graph = network(spec)
    papers = count(graph).macs
    found = explain(graph)
    assert [each.convention for each in found] == list(CONVENTIONS)
    for each in found:
        assert each.macs == count(graph, CONVENTIONS[each.convention]).macs == papers + each.difference
        assert each.difference == sum(part.macs for part in each.parts)
        assert all(part.count > 0 and part.macs for part in each.parts)
        assert [abs(part.macs) for part in each.parts] == sorted((abs(p.macs) for p in each.parts), reverse=True)


def test_explain_says_what_a_tool_does_not_see() -> None:
    found = read(Convolutions(), (8, 16, 16))
    (thop,) = explain(found.graph, [CONVENTIONS["thop"]], calls=found.calls)
    assert [(part.operator, part.count, part.macs) for part in thop.parts] == [("conv, not seen", 1, -589_824)]


def test_explain_refuses_symbols() -> None:
    (side,) = symbols("r")
    with pytest.raises(FeatherboneError, match="symbolic"):
        explain(image(3, side).conv(8, 3).graph("open"))


def tiny() -> Graph:
    return image(4, 8).conv(6, 3, stride=2, name="conv").norm().act("relu").graph("tiny")


@pytest.mark.parametrize(
    ("kind", "charge", "extra"),
    [
        ("batch_norm", Charge(read=1), 96),
        ("conv", Charge(written=1), 96),
        ("activation:relu", Charge(read=3), 288),
        ("activation:silu", Charge(read=3), 0),
    ],
)
def test_every_rate_charges_what_it_says(kind: str, charge: Charge, extra: int) -> None:
    convention = replace(PAPERS, name="one", charges={kind: charge})
    assert count(tiny(), convention).macs - count(tiny()).macs == extra


def test_a_norm_without_weights_is_not_scaled() -> None:
    graph = Graph.build(
        "plain",
        [
            (n.name, replace(n.operator, affine=False) if n.operator.kind == "batch_norm" else n.operator, n.inputs)  # type: ignore[type-var]
            for n in tiny().nodes
        ],
        tiny().outputs,
    )
    assert count(graph, CONVENTIONS["fvcore"]).macs - count(graph).macs == 96
    assert count(graph, CONVENTIONS["thop"]).macs - count(graph).macs == 192


def test_an_unknown_convention_is_refused_with_the_nearest() -> None:
    with pytest.raises(FeatherboneError, match="'ptflop'") as refused:
        convention_named("ptflop")
    assert "ptflops" in str(refused.value.hint)
