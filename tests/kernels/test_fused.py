"""The fused network computes what the plain one does: scores, gradients and running statistics."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from featherbone.blocks import squeeze_excitation
from featherbone.compiled import compiled
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, concat, image
from featherbone.kernels.activations import Act
from featherbone.kernels.convolutions import Convolution
from featherbone.kernels.excitation import Excite
from featherbone.kernels.fused import fused
from featherbone.kernels.norm import SOURCE, FusedNorm
from featherbone.kernels.shuffle import Shuffle
from featherbone.networks import network
from featherbone.nn import module
from featherbone.train import Setting

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler here"
)


def every_case() -> Graph:
    """Norms with ReLU, ReLU6, another activation and none, one that two read; depthwise of all strides; odd sizes."""
    x = image(3, 13).conv(20, 3).norm().act("relu")
    x = x.depthwise(3, stride=2).norm().act("relu6")
    x = x.depthwise(5).norm().act("hard_swish").pointwise(20).norm()
    x = x + x.depthwise(3).norm()
    x = (x.pointwise(100).norm() + x.pointwise(100).norm()).act("relu")
    x = (x.pointwise(100).norm() + x).act("relu6")
    one, other = concat(x.pointwise(100).norm(), x).shuffle(2).split(2)
    x = concat(one, other.depthwise(3).norm()).shuffle(4)
    return x.depthwise(3, stride=3).norm().act("relu").global_pool().flatten().linear(4).graph("cases")


def excited_cases() -> Graph:
    """Squeeze-and-excitation before an addition and each activation or none, of few and many channels."""
    x = image(3, 13).conv(20, 3).norm().act("relu")
    x = (squeeze_excitation(x.conv(20, 3).norm(), reduction=4, gate="hard_sigmoid") + x).act("hard_swish")
    x = (x + squeeze_excitation(x.conv(20, 3).norm(), reduction=4)).act("relu6")
    x = squeeze_excitation(x.conv(36, 3, stride=2).norm(), reduction=4).act("relu")
    x = squeeze_excitation(x.pointwise(100).norm().act("hard_swish"), reduction=4)
    y = squeeze_excitation(x, reduction=4)
    return (y * y.global_pool()).pointwise(8).global_pool().flatten().linear(4).graph("excited")


def one_step(net: nn.Module, run: nn.Module, images: Tensor, low: bool) -> dict[str, Tensor]:
    with torch.autocast("cpu", torch.bfloat16, enabled=low):
        scores = run(images)
    functional.cross_entropy(scores.float(), torch.arange(len(images)) % 4).backward()
    gradients = {f"gradient of {name}": tensor.grad for name, tensor in net.named_parameters()}
    return {"scores": scores.detach().float(), **dict(net.named_buffers()), **gradients}


def biased_case() -> Graph:
    """Convolutions with biases before norms, wide, depthwise and neither, and norms of what others read or none did."""
    x = image(3, 13).norm().conv(100, 3, bias=True).norm().act("relu6")
    x = x.pointwise(100, bias=True).norm()
    y = x.depthwise(3, bias=True)
    return (y.norm() + y).pointwise(8).norm().global_pool().flatten().linear(4).graph("biased")


def training(cases: Callable[[], Graph], held: bool) -> nn.Module:
    """The network before a step, with statistics that are not those of its batch where norms hold theirs."""
    net: nn.Module = module(cases(), seed=0).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    draws = torch.Generator().manual_seed(2)
    for layer in net.modules():
        if held and isinstance(layer, nn.BatchNorm2d):
            layer.eval()
            for tensor in (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var):
                assert tensor is not None
                tensor.uniform_(0.5, 1.5, generator=draws)
    return net


@needs_compiler
@pytest.mark.parametrize("low", [False, True])
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("count", [2, 7])
@pytest.mark.parametrize("cases", [every_case, excited_cases, biased_case])
def test_a_step_is_the_same(cases: Callable[[], Graph], count: int, held: bool, low: bool) -> None:
    images = torch.randn(count, 3, 13, 13, generator=torch.Generator().manual_seed(0))
    images = images.contiguous(memory_format=torch.channels_last)
    exact, plain, other = (training(cases, held) for _ in range(3))
    replaced = fused(other)
    kinds = [type(layer) for layer in replaced.modules()]
    assert [kinds.count(kind) for kind in (FusedNorm, Convolution, Shuffle, Excite)] == (
        {every_case: [11, 7, 2, 0], excited_cases: [5, 0, 0, 5], biased_case: [5, 2, 0, 0]}[cases]
    )
    found, usual = one_step(other, replaced, images, low), one_step(plain, plain, images, low)
    expected = one_step(exact.double(), exact, images.double(), low=False)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        scale = max(1e-3, float(value.abs().max()))
        error, rounding = (float((given[name] - value).abs().max()) / scale for given in (found, usual))
        assert error < 3 * rounding + (1e-2 if low else 1e-5), name


@needs_compiler
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("channels", "size", "kernel", "stride"), [(5, 3, 5, 1), (37, 12, 5, 2), (16, 21, 7, 1)])
def test_gradients_of_large_depthwise_kernels(
    channels: int, size: int, kernel: int, stride: int, dtype: torch.dtype
) -> None:
    layer = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False).to(dtype)
    images = torch.randn(3, channels, size, size, generator=torch.Generator().manual_seed(0)).to(dtype)
    found, expected = Convolution(layer), layer.double().weight
    exact = functional.conv2d(images.double(), expected, stride=stride, padding=kernel // 2, groups=channels)
    pull = torch.randn(exact.shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    (wanted,) = torch.autograd.grad(exact, expected, pull.double())
    layer.to(dtype)
    (gradient,) = torch.autograd.grad(found(images), layer.weight, pull)
    assert gradient.dtype == dtype
    assert torch.allclose(gradient.double(), wanted, atol=1e-4, rtol=1e-5 if dtype == torch.float32 else 1e-2)


@needs_compiler
def test_it_shares_weights_and_leaves_the_network_alone() -> None:
    net = module(every_case(), seed=0)
    names = list(net.state_dict())
    replaced = fused(net)
    assert list(net.state_dict()) == names
    assert {id(p) for p in replaced.parameters()} == {id(p) for p in net.parameters()}
    with torch.no_grad():
        before = replaced(torch.ones(2, 3, 13, 13))
        net.get_parameter("linear.bias").add_(1)
        assert torch.allclose(replaced(torch.ones(2, 3, 13, 13)), before + 1, atol=1e-5)


@needs_compiler
def test_a_frozen_norm_stays_as_it_is() -> None:
    net = module(every_case(), seed=0).train()
    replaced = fused(net)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
    images = torch.randn(3, 3, 13, 13, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.allclose(replaced(images), net(images), atol=1e-5)
    assert all(int(value) == 0 for name, value in net.named_buffers() if name.endswith("tracked"))


@needs_compiler
def test_sums_do_not_cancel_and_threads_agree() -> None:
    values = 1000 + torch.randn(64, 8, 6, 6, generator=torch.Generator().manual_seed(2))
    net = module(image(8, 6).norm().act("relu").flatten().linear(4).graph("norm"), seed=0)
    before, results = torch.get_num_threads(), []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        results.append(next(layer for layer in fused(net).modules() if isinstance(layer, FusedNorm))(values))
    torch.set_num_threads(before)
    expected = functional.batch_norm(values.double(), None, None, training=True).relu()
    assert all(torch.allclose(result.double(), expected, atol=1e-3) for result in results)


@needs_compiler
def test_not_a_number_stays_one() -> None:
    values = torch.randn(2, 4, 3, 3)
    values[0, 1, 0, 0] = torch.nan
    layer = FusedNorm(nn.BatchNorm2d(4), Act(low=0.0, high=6.0))
    for dtype in (torch.float32, torch.bfloat16):
        wrong = layer(values.to(dtype)).isnan().flatten(2).any(dim=2).any(dim=0)
        assert wrong.tolist() == [False, True, False, False]


@needs_compiler
@pytest.mark.parametrize("spec", ["mobilenet_v2:small=true,width=0.35", "shufflenet_v2:width=0.5", "cifar_resnet20"])
def test_networks_of_the_zoo_can_be_fused(spec: str) -> None:
    graph = network(spec)
    replaced = fused(module(graph, seed=0).train())
    scores = replaced(torch.zeros(2, *graph.input_shape))
    assert scores.shape == (2, *graph.output_shape)
    assert not any(
        isinstance(layer, nn.BatchNorm2d)
        for layer in (replaced.get_submodule(n.target) for n in replaced.graph.nodes if n.op == "call_module")
    )


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], object]:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path))
    return partial(compiled.__wrapped__, SOURCE, "-fopenmp")


def test_without_a_compiler_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fresh: Callable[[], object]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(FeatherboneError, match="there is no C\\+\\+ compiler"):
        fresh()


def test_a_compiler_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fresh: Callable[[], object]
) -> None:
    compiler = tmp_path / "broken++"
    compiler.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    with pytest.raises(FeatherboneError, match=r"cannot compile \w+\.cpp: broken"):
        fresh()
    assert not list((tmp_path / "kernels").iterdir())


def test_it_is_for_the_cpu() -> None:
    with pytest.raises(FeatherboneError, match="the network is on meta; the fused kernels are for CPUs"):
        fused(nn.Linear(2, 2, device="meta"))


def test_fused_is_part_of_a_setting() -> None:
    assert Setting.from_json(Setting(fused=True).to_json()).fused
    assert str(Setting(fused=True)) == "channels_last, float32, fused"
