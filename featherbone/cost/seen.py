"""What a profiler meets where a graph has an operator: its shapes, and the call behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from featherbone.graph import Shape
from featherbone.graph.called import Called
from featherbone.graph.dimension import volume
from featherbone.graph.operators import Activation, GlobalPool, Opaque, Operator

CONVOLUTIONS = frozenset(f"conv{rank}d" for rank in (1, 2, 3))
TRANSPOSED = frozenset(f"conv_transpose{rank}d" for rank in (1, 2, 3))
RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})
CELLS = frozenset(f"{name}_cell" for name in RECURRENT)
PRODUCTS = CONVOLUTIONS | TRANSPOSED | {"linear"}
BESIDE = ("_state", "_result", "attention_scores", "pad")  # ends of labels: what a layer writes beside its result


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One operator as a tool meets it. ``products`` are its multiply-adds by the papers' convention."""

    operator: Operator
    inputs: tuple[Shape, ...]
    output: Shape
    called: Called
    products: Any

    @property
    def label(self) -> str:
        """What is computed, by one name whether or not it is of the vocabulary: ``conv2d``, ``relu``, ``matmul``."""
        return label_of(self.operator, self.output)

    @property
    def read(self) -> Any:
        """Elements of the first input."""
        return volume(self.inputs[0]) if self.inputs else 0

    @property
    def written(self) -> Any:
        return volume(self.output)

    @property
    def layer(self) -> str:
        """The layer of ``torch.nn`` that is exactly this; empty for a function and for a subclass."""
        own = self.called.exact and not self.label.endswith(BESIDE)
        return self.called.layer if own else ""

    @property
    def bias(self) -> bool:
        """Whether a bias is added."""
        if not isinstance(self.operator, Opaque):
            return bool(getattr(self.operator, "bias", False))
        if "bias" in self.called.facts:
            return bool(self.called.facts["bias"])
        return any(name.rpartition(".")[2] == "bias" for name, _ in self.operator.weights)

    @property
    def affine(self) -> bool:
        """Whether it holds trained weights."""
        return bool(self.operator.parameters(*self.inputs))

    def fact(self, name: str) -> int:
        """A number that only the call holds; 0 where there was none."""
        return self.called.facts.get(name, 0)


def label_of(operator: Operator, output: Shape) -> str:
    """
    >>> label_of(Activation(function="relu"), (8, 4, 4)), label_of(GlobalPool(), (8, 1, 1))
    ('relu', 'adaptive_avg_pool2d')
    """
    if isinstance(operator, Opaque):
        return operator.label
    if isinstance(operator, Activation):
        return operator.function
    rank = max(1, len(output) - 1)
    if isinstance(operator, GlobalPool):
        return f"adaptive_{operator.reduce}_pool{rank}d"
    kind = operator.kind
    return f"{kind}{rank}d" if kind in ("conv", "conv_transpose", "max_pool", "avg_pool") else kind


def as_module(operator: Operator, output: Shape) -> Called:
    """How an operator would be called in a module of PyTorch's own layers: a graph holds no other way."""
    label = label_of(operator, output)
    rank = max(1, len(output) - 1)
    function, layer = WRITTEN.get(label, ("", ""))
    if not layer and label.endswith("d") and label[-2:-1].isdigit():  # conv2d, adaptive_avg_pool2d
        function = f"{'functional' if label.startswith('adaptive') else 'torch'}.{label}"
        layer = "".join(part.capitalize() for part in label[:-2].split("_")) + label[-2:]
    layer = layer.replace("#", f"{rank}d")
    leading = output[0] if isinstance(operator, Opaque) and output and type(output[0]) is int else 1
    return Called(function=function, layer=layer, module=f"torch.nn.{layer}" if layer else "", leading=leading)


WRITTEN = {
    "linear": ("torch.linear", "Linear"),
    "batch_norm": ("functional.batch_norm", "BatchNorm#"),
    "layer_norm": ("functional.layer_norm", "LayerNorm"),
    "group_norm": ("functional.group_norm", "GroupNorm"),
    "instance_norm": ("functional.instance_norm", "InstanceNorm#"),
    "relu": ("functional.relu", "ReLU"),
    "relu6": ("functional.hardtanh", "ReLU6"),
    "elu": ("functional.elu", "ELU"),
    "gelu": ("torch.gelu", "GELU"),
    "leaky_relu": ("functional.leaky_relu", "LeakyReLU"),
    "prelu": ("torch.prelu", "PReLU"),
    "silu": ("functional.silu", "SiLU"),
    "softmax": ("functional.softmax", "Softmax"),
    "resize": ("functional.interpolate", "Upsample"),
    "matmul": ("torch.matmul", ""),
    "einsum": ("torch.einsum", ""),
    "attention": ("torch.scaled_dot_product_attention", ""),
    "multihead_attention": ("functional.multi_head_attention_forward", "MultiheadAttention"),
    "lstm": ("torch.lstm", "LSTM"),
    "gru": ("torch.gru", "GRU"),
    "rnn_tanh": ("torch.rnn_tanh", "RNN"),
    "rnn_relu": ("torch.rnn_relu", "RNN"),
    "lstm_cell": ("torch.lstm_cell", "LSTMCell"),
    "gru_cell": ("torch.gru_cell", "GRUCell"),
    "rnn_tanh_cell": ("torch.rnn_tanh_cell", "RNNCell"),
    "rnn_relu_cell": ("torch.rnn_relu_cell", "RNNCell"),
}
