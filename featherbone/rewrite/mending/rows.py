"""A layer as a linear map of rows: what it reads at a place of its map, gathered, and what it writes there."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
import torch.nn.functional as F

from featherbone.graph import Shape
from featherbone.graph.operators import BatchNorm, Conv, Linear, Operator

FEWEST_ROWS, ROWS_A_COLUMN = 65_536, 64  # what is taken for a layer, of all images together, where its map has as many

Places = tuple[torch.Tensor, ...]  # for each side of a map, where on it each place is


def is_layer(operator: Operator) -> bool:
    """Whether what the operator writes is a linear function, with weights of its own, of the rows that it reads."""
    return isinstance(operator, Conv | Linear) or (isinstance(operator, BatchNorm) and operator.affine)


def groups_of(operator: Operator, channels: int) -> int:
    """In how many groups the operator divides the channels that it reads; one does not see those of another."""
    if isinstance(operator, Conv):
        return int(operator.groups)
    return channels if isinstance(operator, BatchNorm) else 1


def places_of(shape: Shape, columns: int, images: int, seed: int = 0) -> Places:
    """Places of a map (channels × sides) to take rows from, each image alike: all, or enough of them by chance.

    >>> places_of((8, 4, 4), columns=9, images=2)[0].shape, places_of((10,), columns=64, images=2)
    (torch.Size([16]), ())
    >>> places_of((8, 32, 32), columns=72, images=1000)[0].shape
    torch.Size([66])
    """
    sides = [int(side) for side in shape[1:]]
    if not sides:
        return ()
    wanted = -(-max(FEWEST_ROWS, ROWS_A_COLUMN * columns) // images)
    every = prod(sides)
    if wanted >= every:
        flat = torch.arange(every)
    else:
        flat = torch.randperm(every, generator=torch.Generator().manual_seed(seed))[:wanted].sort().values
    return tuple(torch.unravel_index(flat, sides))


def read_rows(maps: torch.Tensor, operator: Operator, places: Places) -> torch.Tensor:
    """What the operator reads for each place that it writes, and a one for the bias: groups × rows × (fan + 1).

    >>> operator = Conv(out_channels=4, kernel=(3, 3), padding=((1, 1), (1, 1)))
    >>> read_rows(torch.ones(2, 3, 8, 8), operator, places_of((4, 8, 8), 28, 2)).shape
    torch.Size([1, 128, 28])

    Of a convolution the columns stand as in its weights: channel, then place in the kernel.
    """
    groups = groups_of(operator, maps.shape[1])
    rows = _windows(maps, operator, places) if isinstance(operator, Conv) else written_rows(maps, groups, places)
    return torch.cat([rows, rows.new_ones(*rows.shape[:-1], 1)], dim=-1)


def written_rows(maps: torch.Tensor, groups: int, places: Places) -> torch.Tensor:
    """The channels at each place: groups × rows × channels of a group.

    >>> written_rows(torch.ones(2, 4, 8, 8), 1, places_of((4, 8, 8), 28, 2)).shape
    torch.Size([1, 128, 4])
    """
    rows = _at(maps, places).transpose(1, 2) if places else maps
    return rows.reshape(-1, groups, maps.shape[1] // groups).transpose(0, 1)


def _windows(maps: torch.Tensor, conv: Conv, places: Places) -> torch.Tensor:
    """What a convolution sees at each place: groups × rows × fan."""
    channels, groups = maps.shape[1], int(conv.groups)
    edges = [edge for sides in reversed(conv.padding) for edge in sides]
    maps = F.pad(maps, edges) if any(edges) else maps
    for axis, (side, step, apart) in enumerate(zip(conv.kernel, conv.stride, conv.dilation, strict=True), start=2):
        maps = maps.unfold(axis, apart * (side - 1) + 1, step)[..., ::apart]
    windows = _at(maps, places)  # images × channels × places × sides of the kernel
    fan = channels // groups * prod(int(side) for side in conv.kernel)
    return windows.transpose(1, 2).reshape(-1, groups, fan).transpose(0, 1)


def _at(maps: torch.Tensor, places: Places) -> torch.Tensor:
    """The values at some places of the sides that follow the channels: images × channels × places × what follows."""
    chosen: Any = (slice(None), slice(None), *places)
    values: torch.Tensor = maps[chosen]
    return values
