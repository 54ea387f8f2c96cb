"""A file that was exported for a fixed batch, counted for one image.

The file is replayed twice: as it stands, and with the first size of its inputs set to one. Where exporters wrote the
batch into numbers (the target of a reshape), the first replay says what came out, and the batch is taken out of it.
That the size really is a batch shows in the result: each output has one image, and multiply-adds are an exact share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

Shape = tuple[int, ...]
RECURRENT = ("LSTM", "GRU", "RNN")


class NoBatch(Exception):
    """The size that was taken for a batch is none."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """``size`` images at one place of each of these inputs, and the shapes of all tensors with them."""

    size: int
    places: Mapping[str, int]
    shapes: Mapping[str, Shape]

    def input(self, name: str, shape: Shape) -> Shape:
        """The shape of an input with one image."""
        place = self.places.get(name)
        return shape if place is None else (*shape[:place], 1, *shape[place + 1 :])

    def adapted(self, node: Any, inputs: list[Any], attributes: Mapping[str, Any]) -> list[Any]:
        """What an operator reads, without the batch in its numbers.

        Raises:
            NoBatch: the operator mixes what would be images.
        """
        kind = node.op_type
        if not inputs or inputs[0] is None:
            return inputs
        if kind in RECURRENT:
            steps = 1 if attributes.get("layout", 0) else 0
            if self._place(node.input[0], inputs[0]) == steps:
                raise NoBatch
        target = {"Reshape": 1, "Expand": 1, "Resize": 3}.get(kind)
        if kind == "ConstantOfShape" and isinstance(inputs[0], np.ndarray):
            return [self._first(tuple(int(size) for size in inputs[0]))]
        whole = self.shapes.get(node.output[0])
        if target is None or len(inputs) <= target or not isinstance(inputs[target], np.ndarray) or whole is None:
            return inputs
        if kind == "Resize" and len(inputs[target]) != len(whole):
            return inputs
        return [*inputs[:target], self._target(kind, node.input[0], inputs[0], whole), *inputs[target + 1 :]]

    def _place(self, name: str, value: Any) -> int | None:
        """Where the batch is in a tensor; ``None`` where it has none."""
        now, before = tuple(value.shape), self.shapes.get(name, tuple(value.shape))
        places = [place for place, (a, b) in enumerate(zip(now, before, strict=True)) if a != b]
        if not places:
            return None
        if len(places) > 1 or before[places[0]] != self.size * now[places[0]]:
            raise NoBatch
        return places[0]

    def _target(self, kind: str, name: str, value: Any, whole: Shape) -> Any:
        """The shape that an operator is to write, of one image."""
        place = self._place(name, value)
        if place is None:
            return self._first(whole) if kind == "Expand" else np.array(whole, dtype=np.int64)
        if kind == "Reshape":
            before = self.shapes[name]
            place = _after(prod(before[:place]), before[place], whole, self.size)
        else:
            place += len(whole) - len(value.shape)
        if whole[place] % self.size:
            raise NoBatch
        return np.array((*whole[:place], whole[place] // self.size, *whole[place + 1 :]), dtype=np.int64)

    def _first(self, shape: Shape) -> Any:
        """What is made for every image has the batch in front."""
        one = (1, *shape[1:]) if shape[:1] == (self.size,) else shape
        return np.array(one, dtype=np.int64)

    def mixed(self) -> list[str]:
        """A note on images that cannot be told apart; nothing where the inputs are no images."""
        images = [name for name, place in self.places.items() if place == 0 and len(self.shapes[name]) > 3]
        return [
            f"{name[:80]} holds {self.size} images, which it does not treat one by one: counted for all of them"
            for name in images[:1]
        ]

    def holds(self, outputs: Mapping[str, Shape], products: int, one: int) -> bool:
        """Whether all outputs are one image's, and ``one`` is its share of the multiply-adds."""
        for name, shape in outputs.items():
            whole = self.shapes[name]
            share = len(whole) == len(shape) and prod(whole) == self.size * prod(shape)
            if not share or sum(a != b for a, b in zip(whole, shape, strict=True)) != 1:
                return False
        return products == self.size * one


def _after(elements: int, own: int, shape: Shape, size: int) -> int:
    """The place of the batch in a new shape: it was in a side of ``own`` elements, with ``elements`` in front of it.

    >>> _after(1, 4, (1, 4, 8), 4), _after(7, 4, (7, 8, 4), 4), _after(7, 4, (28, 8), 4), _after(1, 28, (7, 4, 8), 4)
    (1, 1, 0, 1)
    """
    ahead, places = 1, []
    for place, side in enumerate(shape):
        if ahead < elements * own and ahead * side > elements:
            places.append(place)
        ahead *= side
    for place in (*(place for place in places if shape[place] == size), *places):
        if shape[place] % size == 0:
            return place
    raise NoBatch


def candidates(inputs: Sequence[Any], nodes: Sequence[Any], shapes: Mapping[str, Shape]) -> list[Batch]:
    """What may be a batch of a fixed size: the first size of the inputs; the second where steps come first."""
    found = []
    places = (0, 1) if any(node.op_type in RECURRENT for node in nodes) else (0,)
    for place in places:
        fixed = {}
        for info in inputs:
            sides = info.type.tensor_type.shape.dim
            if len(sides) >= 2 + place and sides[place].dim_value > 1:
                fixed[info.name] = sides[place].dim_value
        size = next(iter(fixed.values()), 1)
        if size > 1:
            same = {name: place for name, own in fixed.items() if own == size}
            found.append(Batch(size=size, places=same, shapes=shapes))
    return found
