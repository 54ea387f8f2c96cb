"""fvcore 0.1.5, and timm's tables, which come from it: the operators of a trace, however they were called."""

from __future__ import annotations

from typing import Any

from featherbone.cost.seen import CELLS, PRODUCTS, Seen
from featherbone.cost.tools.attention import head_parts

NORMS = frozenset({"layer_norm", "group_norm", "instance_norm"})
MATMULS = frozenset({"matmul", "mm", "bmm", "addmm", "__matmul__"})


def fvcore(seen: Seen) -> Any:
    """Products; 2 an element of a batch norm, 5 of another; 1 an element averaged; 1 or 4 an element enlarged."""
    label = seen.label
    if label in PRODUCTS or label in CELLS:  # what pads by name is another operator, which it lacks
        return (0 if seen.fact("padded_by_name") else seen.products) + 4 * seen.fact("normalized_weights")
    if label == "einsum":
        return _einsum(seen)
    if label == "matmul":
        return seen.products if seen.called.function.rpartition(".")[2] in MATMULS else 0
    if label == "batch_norm":
        return seen.read * (2 if seen.affine else 1)
    if label in NORMS:
        return seen.read * (5 if seen.affine else 4)
    if "adaptive_avg_pool2d" in (label, seen.called.function.rpartition(".")[2]):
        return seen.read if seen.called.function.startswith(("functional.", "torch.")) else 0
    if label in ("resize", "interpolate_bilinear") and len(seen.output) == 3:
        return seen.written * (1 if getattr(seen.operator, "mode", "bilinear") == "nearest" else 4)
    if label == "multihead_attention":
        parts = head_parts(seen)
        beside = parts.mean + (0 if seen.fact("masked") else parts.scores)
        return parts.projections + (beside if seen.fact("weights_wanted") else 0)
    return 0


def _einsum(seen: Seen) -> int:
    """Half of what NumPy prints as the FLOPs of the best order, in four digits; two equations it knows exactly."""
    if seen.fact("batched") or not seen.products:
        return int(seen.products)
    return int(float(f"{seen.products * (2 if seen.fact('sums') else 1):.3e}") / 2)
