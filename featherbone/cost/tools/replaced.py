"""Tools that replace functions: calflops 0.3 and DeepSpeed 0.19. Their multiply-adds are products alone."""

from __future__ import annotations

from typing import Any

from featherbone.cost.seen import CONVOLUTIONS, TRANSPOSED, Seen
from featherbone.cost.tools.attention import head_parts

CALFLOPS = frozenset({"torch.matmul", "Tensor.matmul", "torch.addmm", "Tensor.addmm", "torch.baddbmm"})
DEEPSPEED = CALFLOPS | {"Tensor.__matmul__", "torch.mm", "Tensor.mm", "torch.bmm", "Tensor.bmm"}
SINGLE = CONVOLUTIONS | {"linear"}


def calflops(seen: Seen) -> Any:
    """Convolutions, linear layers and torch.matmul, not ``@``, bmm, einsum, recurrent layers or fused attention."""
    label = seen.label
    if label in SINGLE:
        return seen.products
    if label in TRANSPOSED:  # it divides by the groups twice
        groups = getattr(seen.operator, "groups", 1)
        each = seen.operator.out_channels // groups if groups != 1 else 1  # type: ignore[attr-defined]
        return seen.products // each * (each // groups) if groups != 1 else seen.products
    if label == "matmul":
        return seen.products if seen.called.function in CALFLOPS else 0
    if label == "multihead_attention":
        parts = head_parts(seen)
        return parts.projections + (parts.scores if seen.fact("masked") and seen.fact("weights_wanted") else 0)
    return 0


def deepspeed(seen: Seen) -> Any:
    """What ``calflops`` counts, and ``@``, mm, bmm and all of attention."""
    label = seen.label
    if label in SINGLE | TRANSPOSED or label in ("attention", "multihead_attention"):
        return seen.products
    return seen.products if label == "matmul" and seen.called.function in DEEPSPEED else 0
