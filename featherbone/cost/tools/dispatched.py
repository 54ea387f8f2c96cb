"""Tools that watch torch's dispatcher: FlopCounterMode of torch 2.13, and ptflops 0.7 with its back end aten.

The figures are those of a CPU: its kernel of fused attention and oneDNN's LSTM are no operators that these tools know.
On a GPU torch knows the attention, and none of the recurrent layers.
"""

from __future__ import annotations

from typing import Any

from featherbone.cost.seen import CELLS, CONVOLUTIONS, PRODUCTS, TRANSPOSED, Seen
from featherbone.cost.tools.attention import head_parts
from featherbone.cost.tools.recurrence import biases, over_steps

MATMULS = frozenset({"matmul", "mm", "bmm", "addmm", "__matmul__", "linalg_matmul", "multi_dot", "linalg_multi_dot"})
BATCHED = frozenset({"baddbmm"})
DECOMPOSED = CELLS | {"gru", "rnn_tanh", "rnn_relu"}


def torch(seen: Seen) -> Any:
    """Products, as often as they come to the dispatcher as mm, bmm, addmm, baddbmm or a convolution."""
    label = seen.label
    if label in PRODUCTS or label in DECOMPOSED or label == "einsum":
        return seen.products
    if label == "attention":
        return seen.products if seen.fact("unfused") else 0
    if label == "matmul":
        return seen.products if _function(seen) in MATMULS | BATCHED else 0
    if label == "lstm":
        return seen.products if _is_projected(seen) else 0
    return _heads(seen, masked=True) if label == "multihead_attention" else 0


def ptflops_aten(seen: Seen) -> Any:
    """What ``torch`` counts, without baddbmm, and with the biases that addmm and convolutions add."""
    label = seen.label
    if label in CONVOLUTIONS | TRANSPOSED:
        return seen.products + (seen.written if seen.bias else 0)
    if label == "linear":
        return seen.products + (seen.written if seen.bias and _by_addmm(seen) else 0)
    if label in DECOMPOSED or (label == "lstm" and _is_projected(seen)):
        return seen.products + over_steps(seen, lambda seen, width: biases(seen)) - _free_biases(seen)
    if label == "einsum":
        return seen.products
    if label == "attention":
        return seen.products if seen.fact("unfused") else 0
    if label == "matmul":
        if _function(seen) == "addmm":
            return seen.products + seen.written
        return seen.products if _function(seen) in MATMULS else 0
    if label == "multihead_attention":
        return _heads(seen, masked=False) + head_parts(seen).biases
    return 0


def _function(seen: Seen) -> str:
    return seen.called.function.rpartition(".")[2]


def _is_projected(seen: Seen) -> bool:
    """oneDNN has no LSTM with a projection, so that its products come one by one."""
    return seen.fact("state") != seen.fact("hidden")


def _free_biases(seen: Seen) -> int:
    """The first layer's biases of what it reads, which all steps add at once: apart where that is strided."""
    strided = seen.fact("strided") and seen.fact("layers")
    return seen.fact("steps") * seen.fact("directions") * biases(seen) // 2 if strided else 0


def _by_addmm(seen: Seen) -> bool:
    """torch adds the bias within the product where the elements lie in their order, else by an addition of its own."""
    return not seen.fact("strided")


def _heads(seen: Seen, *, masked: bool) -> int:
    """Projections; and the products with the scores where the attention's weights are wanted, else it is fused."""
    parts = head_parts(seen)
    if not seen.fact("weights_wanted"):
        return parts.projections
    return parts.projections + parts.mean + (parts.scores if masked or not seen.fact("masked") else 0)
