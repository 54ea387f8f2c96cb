"""What was written down for a fixed batch, counted for one image: an ONNX file, an archive of ``torch.export``.

It is replayed twice: as it stands, and with one image in the place of the batch. Where exporters wrote the batch into
numbers (the target of a reshape), the first replay says what came out, and the batch is taken out of it. That a size
really is a batch shows in the result: each output has one image, and multiply-adds are an exact share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]


class NoBatch(Exception):
    """The size that was taken for a batch is none."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """``size`` images at one place of each of these inputs, and the shapes of the tensors with them."""

    size: int
    places: Mapping[str, int]
    shapes: Mapping[str, Shape]

    def input(self, name: str, shape: Shape) -> Shape:
        """The shape of an input with one image."""
        place = self.places.get(name)
        return shape if place is None else self.without(shape, place)

    def without(self, shape: Shape, place: int) -> Shape:
        """The shape with one image, where the batch is in the side at ``place``.

        Raises:
            NoBatch: that side does not hold the images.
        """
        if shape[place] % self.size:
            raise NoBatch
        return (*shape[:place], shape[place] // self.size, *shape[place + 1 :])

    def place(self, whole: Shape, one: Shape) -> int | None:
        """Where the batch is in a tensor, given both its shapes; ``None`` where it has none.

        Raises:
            NoBatch: the shapes differ by something else.
        """
        if len(whole) != len(one):
            raise NoBatch
        places = [place for place, (a, b) in enumerate(zip(whole, one, strict=True)) if a != b]
        if not places:
            return None
        if len(places) > 1 or whole[places[0]] != self.size * one[places[0]]:
            raise NoBatch
        return places[0]

    def reshaped(self, before: Shape, place: int, whole: Shape) -> Shape:
        """The shape of one image after a reshape to ``whole`` of what had the batch in the side at ``place``.

        Raises:
            NoBatch: no side holds the images.
        """
        return self.without(whole, _after(prod(before[:place]), before[place], whole, self.size))

    def first(self, shape: Shape) -> Shape:
        """The shape, for one image, of what is made for each image: the batch is in front where there is one."""
        return (1, *shape[1:]) if shape[:1] == (self.size,) else shape

    def spread(self, source: Shape, whole: Shape) -> Shape:
        """The shape, for one image, of what is repeated: the first side that grew from 1 to the number of images."""
        sides = (1,) * (len(whole) - len(source)) + source
        for place, (before, after) in enumerate(zip(sides, whole, strict=True)):
            if before == 1 and after == self.size:
                return self.without(whole, place)
        return whole

    def mixed(self) -> list[str]:
        """A note on images that cannot be told apart; nothing where the inputs are no images."""
        images = [name for name, place in self.places.items() if place == 0 and len(self.shapes[name]) > 3]
        return [
            f"{name[:80]} holds {self.size} images, which it does not treat one by one: counted for all of them"
            for name in images[:1]
        ]

    @property
    def said(self) -> str:
        """What is to be said where the count is of one image."""
        return f"exported for a batch of {self.size}: counted for one image"

    def holds(self, outputs: Sequence[tuple[Shape, Shape]], products: int, one: int) -> bool:
        """Whether all outputs, of each its whole shape and the new one, are one image's; ``one`` has an exact share."""
        for whole, shape in outputs:
            try:
                if self.place(whole, shape) is None:
                    return False
            except NoBatch:
                return False
        return products == self.size * one


def candidates(inputs: Mapping[str, Shape], recurrent: bool, shapes: Mapping[str, Shape]) -> list[Batch]:
    """What may be a batch: the first size of the inputs; the second where steps come first. A size of 0 is not fixed.

    >>> [batch.places for batch in candidates({"x": (4, 3, 32, 32), "mean": (3,)}, False, {})]
    [{'x': 0}]
    """
    found = []
    for place in (0, 1) if recurrent else (0,):
        fixed = {name: shape[place] for name, shape in inputs.items() if len(shape) >= 2 + place and shape[place] > 1}
        size = next(iter(fixed.values()), 1)
        if size > 1:
            same = {name: place for name, own in fixed.items() if own == size}
            found.append(Batch(size=size, places=same, shapes=shapes))
    return found


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
