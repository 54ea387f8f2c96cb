"""ptflops 0.7, back end pytorch: hooks of exact layers, and functions that it replaces; a layer may be both."""

from __future__ import annotations

from typing import Any

from featherbone.cost.seen import Seen
from featherbone.cost.tools.recurrence import BESIDE, GATES, biases, kind_of, over_steps

NORMS = ("BatchNorm", "InstanceNorm", "GroupNorm", "LayerNorm")
POINTWISE = frozenset({"ReLU", "PReLU", "ELU", "LeakyReLU", "ReLU6", "GELU"})
POOLS = ("MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool")
RECURRENT = frozenset({"RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"})
WHOLE = ("timm.layers.attention.Attention", "timm.models.vision_transformer.Attention")
"""A layer of these has a hook of its own, and what the layers inside it say is left out."""

HOLDING = frozenset({"TransformerEncoderLayer", "TransformerDecoderLayer"})
"""These keep their activation as it was when they were made, before it is replaced."""

ELEMENTS = frozenset(
    {"functional.relu", "functional.elu", "functional.relu6", "functional.silu", "functional.softmax"}
    | {"torch.gelu", "torch.prelu", "functional.gelu", "functional.prelu"}
)
MATMULS = frozenset(f"{place}.{name}" for place in ("torch", "Tensor") for name in ("matmul", "mm", "bmm"))
ADDED = frozenset({"torch.addmm", "Tensor.addmm", "torch.baddbmm"})
PAIRS = frozenset(f"{place}.{name}" for place in ("torch", "Tensor") for name in ("add", "mul"))


def ptflops(seen: Seen) -> Any:
    """Layers with their biases, norms, activations and pooling; and what is called by functions that it knows."""
    inside = any(module in WHOLE for module in seen.called.inside)
    return (0 if inside else _hook(seen)) + _function(seen) + _timm_attention(seen)


def _hook(seen: Seen) -> Any:
    layer = seen.layer
    if layer.startswith("Conv") or layer == "Linear":
        return seen.products + (seen.written if seen.bias else 0)
    if layer.startswith(NORMS):
        return seen.read * (2 if seen.affine and layer != "LayerNorm" else 1)
    if layer in POINTWISE or layer == "Upsample":
        return seen.written
    if layer.startswith(POOLS):
        return seen.read
    if layer in RECURRENT and seen.fact("steps"):
        return over_steps(seen, _step)
    return _heads(seen) if layer == "MultiheadAttention" else 0


def _function(seen: Seen) -> Any:
    function, label = seen.called.function, seen.label
    if function in ELEMENTS:
        return 0 if seen.called.layer in HOLDING else seen.read
    if function == "functional.interpolate":
        return seen.fact("scaled") or seen.written
    if "pool" in function and not function.startswith("Tensor."):
        return seen.read
    if function in MATMULS and label == "matmul":
        return seen.products
    if function in ADDED and label == "matmul":
        return seen.products + seen.fact("addend")
    if function in PAIRS:
        return seen.written
    return _inside_heads(seen) if label == "multihead_attention" else 0


def _step(seen: Seen, width: int) -> int:
    kind, hidden = kind_of(seen), seen.fact("hidden")
    return GATES[kind] * hidden * (width + seen.fact("state")) + BESIDE[kind] * hidden + biases(seen)


def _heads(seen: Seen) -> Any:
    """The hook of nn.MultiheadAttention: scaling, projections, biases, softmax, products, and always a bias out."""
    if not seen.fact("width"):
        return seen.products
    queries, keys, width = seen.fact("queries"), seen.fact("keys"), seen.fact("width")
    key, value = seen.fact("key_width"), seen.fact("value_width")
    total = queries * width * (1 + width) + keys * (key**2 + value**2)
    total += (queries + 2 * keys) * width if seen.fact("bias") else 0
    each = width // seen.fact("heads") + 1 + value // seen.fact("heads")
    total += seen.fact("heads") * queries * keys * each + queries * value * (value + 1)
    return seen.fact("batch") * total


def _inside_heads(seen: Seen) -> int:
    """What its functions count a second time where the weights of the attention are wanted: products and softmax."""
    if not seen.fact("weights_wanted"):
        return 0
    rows = seen.fact("batch") * seen.fact("queries") * seen.fact("seen")
    return 2 * rows * seen.fact("width") + seen.fact("heads") * rows + seen.fact("masked")


def _timm_attention(seen: Seen) -> Any:
    """timm's attention, by a hook of its own: scaling, softmax and both products."""
    if seen.label != "attention" or seen.called.module not in WHOLE:
        return 0
    return seen.products + seen.read + seen.fact("rows") * seen.fact("keys")
