"""The same network with fewer passes over its feature maps: norms take what surrounds them along.

Feature maps do not fit the processor's cache, so a step takes as long as reading and writing them. A batch norm, an
addition and an activation are three operators in torch: forward they read five times and write three times. Here they
read three times and write once, and backward they read five times and write twice, for twelve and four.
"""

from __future__ import annotations

from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm

from featherbone.errors import FeatherboneError
from featherbone.kernels import convolutions as fused_convolutions
from featherbone.kernels import excitation as fused_excitation
from featherbone.kernels import norm as fused_norm
from featherbone.kernels import shuffle as fused_shuffle
from featherbone.kernels.activations import NONE, act_behind, sum_behind
from featherbone.kernels.build import kernels
from featherbone.kernels.convolutions import Convolution, is_better_ours
from featherbone.kernels.excitation import fuse_excitations
from featherbone.kernels.norm import FusedNorm
from featherbone.kernels.shuffle import fuse_shuffles

SOURCES = (fused_norm.SOURCE, fused_convolutions.SOURCE, fused_excitation.SOURCE, fused_shuffle.SOURCE)


def fused(network: nn.Module) -> nn.Module:
    """A module for training that shares the network's parameters and running statistics, and computes the same.

    On a CPU, in float32 and bfloat16. Batch norms run in one kernel with an addition and the ReLU or ReLU6 behind
    them, or with the hard_swish, and those that hold their statistics in the convolution before them;
    squeeze-and-excitation runs in one kernel for the means and one for all that follows the gates; shuffles of channels
    in one with what is joined before and parted behind them; and gradients of depthwise and wide 1×1 convolutions are
    computed in the fastest way. All else stays as it is.

    Raises `FeatherboneError` where the kernels cannot be compiled, and for a network on another device.
    """
    elsewhere = next((tensor.device for tensor in network.parameters() if tensor.device.type != "cpu"), None)
    if elsewhere is not None:
        raise FeatherboneError(f"the network is on {elsewhere}; the fused kernels are for CPUs", hint="use fused=False")
    for source in SOURCES:
        kernels(source)
    traced = fx.GraphModule(network, _Tracer().trace(network))
    modules = dict(traced.named_modules())
    for node in list(traced.graph.nodes):
        if node.op != "call_module":
            continue
        layer = modules[node.target]
        if _is_plain_norm(layer):
            _fuse_norm(traced, node, layer)
        elif is_better_ours(layer):
            traced.add_submodule(_name(node), Convolution(layer))
            node.target = _name(node)
    fuse_excitations(traced)
    fuse_shuffles(traced)
    traced.recompile()
    return traced


class _Tracer(fx.Tracer):
    """Norms are taken as they are, those that several processes synchronise too."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, _BatchNorm) or bool(super().is_leaf_module(m, module_qualified_name))


def _fuse_norm(traced: fx.GraphModule, norm: fx.Node, layer: nn.BatchNorm2d) -> None:
    """One module for convolution, norm, the addition that alone reads it, and the activation, where the sum stood."""
    last, others = sum_behind(norm)
    act, end = act_behind(last)
    if others and act.swish:  # its gradient needs the sum, which is not kept
        act, end = NONE, last
    read, conv = _convolution_before(traced, norm)
    traced.add_submodule(_name(norm), FusedNorm(layer, act, conv))
    with traced.graph.inserting_before(last):
        fresh = traced.graph.call_module(_name(norm), (read if conv is None else read.args[0], *others))
    end.replace_all_uses_with(fresh)
    for node in dict.fromkeys((end, last, norm) if conv is None else (end, last, norm, read)):
        traced.graph.erase_node(node)


def _convolution_before(traced: fx.GraphModule, norm: fx.Node) -> tuple[fx.Node, nn.Conv2d | Convolution | None]:
    """What a norm reads, and the convolution that this is where nothing else reads it."""
    (read,) = norm.args
    assert isinstance(read, fx.Node), "a norm reads one map"
    layer = traced.get_submodule(str(read.target)) if read.op == "call_module" and len(read.users) == 1 else None
    return read, layer if isinstance(layer, nn.Conv2d | Convolution) else None


def _name(node: fx.Node) -> str:
    return f"fused_{node.name}"


def _is_plain_norm(layer: nn.Module) -> bool:
    return type(layer) is nn.BatchNorm2d and layer.affine and layer.track_running_stats and layer.momentum is not None
