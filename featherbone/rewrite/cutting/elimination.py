"""Backward elimination: which inputs of layers to drop first, and what each costs after the others made up for it.

The error of a layer is tr(F · E·R·Eᵀ), for its error E of weights, the second moments R of what it reads and the
Fisher information F of what it writes. Dropping columns c and fitting the others anew costs tr(F · W_c · S · W_cᵀ) with
S the inverse of the block of R⁻¹ at c (optimal brain surgeon, for blocks: arXiv:2302.04089).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import torch

RIDGE = 1e-3  # of the mean of R's diagonal: what images too few to tell columns apart would make singular


@dataclass(kw_only=True)
class Reader:
    """One group of channels of a layer that reads sets of a space, as elimination leaves it.

    ``columns`` are, for each set that the group reads, those of its channels. ``matrix`` is W (channels × columns, that
    of the bias last), and ``weighed`` is Lᵀ·W, where L·Lᵀ = F. ``inverse`` is R⁻¹; it is a vector, the inverse of R's
    diagonal alone, where the layer is too wide for more: then nothing is fitted anew.
    """

    layer: str
    group: int
    columns: dict[int, torch.Tensor]
    inverse: torch.Tensor
    matrix: torch.Tensor
    weighed: torch.Tensor
    _left: list[tuple[torch.Tensor, torch.Tensor]] = field(init=False)  # numbers and columns of sets of one width

    def __post_init__(self) -> None:
        self._left = []
        for width in {len(each) for each in self.columns.values()}:
            alike = {number: each for number, each in self.columns.items() if len(each) == width}
            self._left.append((torch.tensor(list(alike)), torch.stack(list(alike.values()))))

    def costs(self, sets: int) -> torch.Tensor:
        """What each set that is still there would cost, among ``sets``."""
        total = torch.zeros(sets, dtype=self.weighed.dtype)
        for numbers, columns in self._left:
            own = self.weighed[:, columns].transpose(0, 1)  # sets × channels × columns of a set
            if self.inverse.dim() == 1:
                found = own.square() / self.inverse[columns][:, None]
            else:
                blocks = self.inverse[columns[:, :, None], columns[:, None, :]]
                found = torch.linalg.solve(blocks, own.mT).mT * own
            total[numbers] = found.sum((1, 2))
        return total

    def drop(self, sets: Sequence[int]) -> None:
        """Take out some sets, and fit what is left anew."""
        gone = [self.columns.pop(number) for number in sets if number in self.columns]
        if not gone:
            return
        left = [torch.isin(numbers, torch.tensor(sets), invert=True) for numbers, _ in self._left]
        self._left = [(numbers[here], each[here]) for here, (numbers, each) in zip(left, self._left, strict=True)]
        columns = torch.cat(gone)
        if self.inverse.dim() == 2:
            update = torch.linalg.solve(self.inverse[columns[:, None], columns], self.inverse[columns])
            for each in (self.matrix, self.weighed):
                each -= each[:, columns] @ update
            self.inverse -= self.inverse[:, columns] @ update
            self.inverse[columns] = 0
            self.inverse[:, columns] = 0
            self.inverse[columns, columns] = 1
        self.matrix[:, columns] = 0
        self.weighed[:, columns] = 0


def inverse_of(moments: torch.Tensor) -> torch.Tensor:
    """R⁻¹ out of R (columns × columns, that of the bias last), or of its diagonal alone."""
    if moments.dim() == 1:
        return 1 / moments.clamp_min(RIDGE * moments.mean())
    ridge = RIDGE * moments.diagonal()[:-1].mean()
    inverse: torch.Tensor = torch.linalg.inv(moments + ridge * torch.eye(len(moments), dtype=moments.dtype))
    return inverse


def root_of(information: torch.Tensor) -> torch.Tensor:
    """L, of which L·Lᵀ is the information."""
    values, vectors = torch.linalg.eigh(information)
    root: torch.Tensor = vectors * values.clamp_min(0).sqrt()
    return root


@dataclass(frozen=True, kw_only=True)
class Elimination:
    """The sets of a space in the order in which they go, and what each adds to the error; the last one stays.

    ``matrices`` are those of the groups of layers that read the space, at some of the counts of sets that are gone.
    """

    order: tuple[int, ...]
    costs: tuple[float, ...]
    matrices: Mapping[int, Mapping[tuple[str, int], torch.Tensor]]


def eliminate(readers: Sequence[Reader], sets: int, at_once: int = 1, looked_at: Collection[int] = ()) -> Elimination:
    """Take out one set after the other, the cheapest first, over all readers of a space together.

    >>> matrix = torch.tensor([[3.0, 1.0, 2.0, 0.0]], dtype=torch.float64)
    >>> reader = Reader(
    ...     layer="conv",
    ...     group=0,
    ...     columns={number: torch.tensor([number]) for number in range(3)},
    ...     inverse=torch.eye(4, dtype=torch.float64),
    ...     matrix=matrix.clone(),
    ...     weighed=matrix.clone(),
    ... )
    >>> found = eliminate([reader], 3)
    >>> found.order, found.costs
    ((1, 2), (1.0, 4.0))

    ``at_once`` sets go before their costs are looked at again; ``looked_at`` are the counts whose matrices are kept.
    """
    left = torch.ones(sets, dtype=torch.bool)
    order: list[int] = []
    costs: list[float] = []
    matrices: dict[int, Mapping[tuple[str, int], torch.Tensor]] = {}
    while int(left.sum()) > 1:
        total = torch.zeros(sets, dtype=torch.float64)
        for each in readers:
            total += each.costs(sets)
        total = total.masked_fill(~left, torch.inf)
        stop = min((count for count in looked_at if count > len(order)), default=sets)
        chosen = total.argsort()[: min(at_once, int(left.sum()) - 1, stop - len(order))].tolist()
        order += chosen
        costs += [max(float(total[number]), 0.0) for number in chosen]
        left[chosen] = False
        for each in readers:
            each.drop(chosen)
        if len(order) in looked_at:
            matrices[len(order)] = {(each.layer, each.group): each.matrix.clone() for each in readers}
    return Elimination(order=tuple(order), costs=tuple(costs), matrices=matrices)
