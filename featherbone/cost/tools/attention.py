"""The products inside ``nn.MultiheadAttention``, which the tools see in part."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.cost.seen import Seen


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadParts:
    """Multiply-adds of one call: projections in and out, scores, the mean of the values; and additions of biases."""

    projections: int
    scores: int
    mean: int
    biases: int


def head_parts(seen: Seen) -> HeadParts:
    """The parts of a captured ``multihead_attention``; their sum, without the biases, is what it multiplies.

    Where the call is not known, as in a file, all of it counts as projections.
    """
    if not seen.fact("width"):
        return HeadParts(projections=seen.products, scores=0, mean=0, biases=0)
    batch, queries, keys = (seen.fact(name) for name in ("batch", "queries", "keys"))
    width = seen.fact("width")
    product = batch * queries * seen.fact("seen") * width
    biases = batch * width * (queries + 2 * keys) if seen.fact("bias") else 0
    out = batch * queries * width if seen.fact("bias") else 0
    return HeadParts(projections=seen.products - 2 * product, scores=product, mean=product, biases=biases + out)
