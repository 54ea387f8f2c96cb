"""A convolution in groups, after the channels that belong together were put beside each other.

Source: the form is that of arXiv:1611.05431; its permutations as in arXiv:1711.09224, found by assignment here.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from featherbone.graph import Shape
from featherbone.graph.operators import Conv, Linear, Operator, Reorder
from featherbone.rewrite.factorizing.form import LINEAR, Fitted, Form, Layer, Link, no_layer, shaped, written_by
from featherbone.rewrite.factorizing.least_squares import ridged

STARTS, ROUNDS = 4, 30  # ways to begin, and turns of the two sides

Order = list[int]


def _refusal(operator: Operator, read: Shape) -> str:
    if isinstance(operator, Linear):
        return LINEAR
    return no_layer(operator, read)


def _ranks(operator: Conv | Linear, read: Shape) -> tuple[int, ...]:
    channels, written = int(read[0]), written_by(operator)
    return tuple(size for size in range(1, channels + 1) if channels % size == 0 and written % (channels // size) == 0)


def _chain(operator: Conv | Linear, read: Shape, rank: int) -> tuple[Operator, ...]:
    assert isinstance(operator, Conv), "checked by _refusal()"
    return (replace(operator, groups=int(read[0]) // rank),)


def best_groups(kept: torch.Tensor, groups: int) -> tuple[Order, Order]:
    """Orders of rows and columns after which equal blocks on the diagonal hold as much of a matrix as is found.

    >>> best_groups(torch.tensor([[0.0, 3.0, 0.0, 3.0], [2.0, 0.0, 2.0, 0.0]]), 2)
    ([0, 1], [1, 3, 0, 2])

    Given the groups of the columns, those of the rows are an assignment, and the other way round: each side in turn,
    from several starts. Blocks stand by their first row, rows and columns of a block in their order.
    """
    best, chosen = -1.0, (torch.zeros(0), torch.zeros(0))
    generator = torch.Generator().manual_seed(0)
    size = kept.shape[1] // groups
    for start in range(STARTS):
        order = torch.arange(kept.shape[1]) if start == 0 else torch.randperm(kept.shape[1], generator=generator)
        columns = torch.empty_like(order)
        columns[order] = torch.arange(len(order)) // size
        held = -1.0
        for _ in range(ROUNDS):
            rows = _assigned(_by_group(kept, columns, groups))
            columns = _assigned(_by_group(kept.T, rows, groups))
            now = float(kept[rows[:, None] == columns[None]].sum())
            if now <= held:
                break
            held = now
        if held > best:
            best, chosen = held, (rows, columns)
    rows, columns = chosen
    first = sorted(range(groups), key=lambda group: int((rows == group).nonzero()[0]))
    return tuple(
        [place for group in first for place in (side == group).nonzero().flatten().tolist()] for side in (rows, columns)
    )  # type: ignore[return-value]


def _by_group(kept: torch.Tensor, columns: torch.Tensor, groups: int) -> torch.Tensor:
    """What each row has in each group of columns."""
    return kept.new_zeros(len(kept), groups).index_add_(1, columns, kept)


def _assigned(gain: torch.Tensor) -> torch.Tensor:
    """A group for each row, equally many to each: who loses most by not having its best chooses first, then swaps."""
    count, groups = gain.shape
    room = [count // groups] * groups
    top = gain.topk(min(2, groups), dim=1).values
    chosen = torch.zeros(count, dtype=torch.long)
    for row in (top[:, 0] - top[:, -1]).argsort(descending=True, stable=True).tolist():
        group = max((each for each in range(groups) if room[each]), key=lambda each: float(gain[row, each]))
        chosen[row], room[group] = group, room[group] - 1
    for _ in range(count * groups):
        own = gain.gather(1, chosen[:, None])
        moved = gain[:, chosen] - own  # what row i gains by going where row j is
        better, place = (moved + moved.T).flatten().max(0)
        if not better > 1e-12 * float(gain.abs().max()):
            break
        one, other = divmod(int(place), count)
        chosen[[one, other]] = chosen[[other, one]]
    return chosen


def _fit(layer: Layer, rank: int) -> Fitted:
    groups, read, places = layer.channels // rank, layer.channels, layer.places
    power = torch.einsum("mkml->mkl", layer.second.reshape(read, places, read, places))
    kept = torch.einsum("nmk,mkl,nml->nm", layer.kernel, power, layer.kernel)
    rows, columns = best_groups(kept, groups)
    share = len(rows) // groups
    matrix = torch.zeros_like(layer.matrix)
    blocks = []
    for group in range(groups):
        here, seen = rows[group * share : (group + 1) * share], columns[group * rank : (group + 1) * rank]
        at = (torch.tensor(seen)[:, None] * places + torch.arange(places)).flatten()
        start = layer.matrix[here][:, at]
        missing = (layer.matrix[here] @ layer.second[:, at]) - start @ layer.second[at][:, at]
        block = start + torch.linalg.solve(ridged(layer.second[at][:, at]), missing.T).T
        blocks.append(block)
        matrix[torch.tensor(here)[:, None], at] = block
    (operator,) = _chain(layer.operator, layer.read, rank)
    links = [Link(suffix="", operator=operator, weight=shaped(torch.cat(blocks), operator, read))]
    if columns != sorted(columns):
        links.insert(0, Link(suffix="order", operator=Reorder(order=tuple(columns))))
    if rows != sorted(rows):
        back = sorted(range(len(rows)), key=rows.__getitem__)
        links.append(Link(suffix="back", operator=Reorder(order=tuple(back))))
    return Fitted(links=tuple(links), matrix=matrix)


GROUPED = Form(
    name="grouped",
    says="groups of R channels, after the best order found",
    rank="channels that a group reads",
    refusal=_refusal,
    ranks=_ranks,
    chain=_chain,
    fit=_fit,
)
