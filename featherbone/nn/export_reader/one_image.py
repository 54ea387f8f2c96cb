"""An exported program of a fixed batch for one image: the sizes that the export wrote down, without the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from featherbone.nn.capture.calls import Call
from featherbone.nn.one_image import Batch, NoBatch, Shape

RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
RESHAPES = ("view", "reshape", "_unsafe_view", "view_copy")
REPEATS = ("expand", "expand_copy", "broadcast_to", "repeat", "tile")
MADE_LIKE = ("new_zeros", "new_ones", "new_full", "new_empty")
BATCH_FIRST = 8  # the place among the arguments of a recurrent layer

Read = tuple[Shape, Shape]
"""Of a tensor that an operator reads, its shape with all images and with one."""


def adapted(batch: Batch, call: Call, arguments: list[Any], reads: Sequence[Read], whole: Sequence[Shape]) -> list[Any]:
    """The arguments of an operator that writes ``whole``, without the batch in their sizes.

    Raises:
        NoBatch: the operator mixes what would be images.
    """
    if call.name in RECURRENT:
        packed = not isinstance(arguments[2], list)
        steps = int(len(arguments) > BATCH_FIRST and bool(arguments[BATCH_FIRST]))
        if batch.place(*reads[0]) in ((0, 1) if packed else (steps,)):
            raise NoBatch
    if call.name not in (*RESHAPES, *MADE_LIKE, "expand", "expand_copy") or len(arguments) < 2 or len(whole) != 1:
        return arguments
    return [arguments[0], list(written(batch, call, reads, whole[0])), *arguments[2:]]


def written(batch: Batch, call: Call, reads: Sequence[Read], whole: Shape) -> Shape:
    """What an operator without a rule writes for one image.

    Raises:
        NoBatch: the images are in no side of it.
    """
    if call.name in MADE_LIKE:
        return _made(batch, whole)
    for before, one in reads:
        place = batch.place(before, one)
        if place is None:
            continue
        if call.name in RESHAPES:
            return batch.reshaped(before, place, whole)
        if call.name in REPEATS:
            return batch.without(whole, place + len(whole) - len(before))
        same = [side for side, size in enumerate(whole) if size == before[place]]
        if same:
            return batch.without(whole, min(same, key=lambda side: abs(side - place)))
        return batch.reshaped(before, place, whole)
    if call.makes:
        return _made(batch, whole)
    return batch.spread(reads[0][1], whole) if call.name in REPEATS and reads else whole


def _made(batch: Batch, whole: Shape) -> Shape:
    """What is made for each image has the batch in front; behind its layers, as a recurrent layer's state."""
    if len(whole) == 3 and whole[0] != batch.size and whole[1] == batch.size:
        return batch.without(whole, 1)
    return batch.first(whole)
