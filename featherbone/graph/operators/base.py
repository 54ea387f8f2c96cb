"""What every operator of the vocabulary answers: is it sound, which shape does it write, which weights does it hold.

An operator is a frozen dataclass without the names of its inputs. Shapes are of one example, without the batch:
``(channels, height, width)`` for a feature map, ``(features,)`` after flatten.
"""

from __future__ import annotations

from typing import ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape
from featherbone.graph.operators.flow import Flow

Kept = tuple[int, ...]  # which channels of a map stay, in order


class Operator:
    """Base of the vocabulary; see the modules beside this one.

    Class attributes:
        kind: the name in JSON text and in tables.
        arity: smallest and largest number of inputs; ``None`` is unbounded.
    """

    __slots__ = ()
    kind: ClassVar[str]
    arity: ClassVar[tuple[int, int | None]] = (1, 1)

    def check(self) -> None:
        """Raise FeatherboneError where a setting is not allowed, whatever the input."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape written for inputs of these shapes; raises FeatherboneError where they do not fit."""
        raise NotImplementedError

    def channels(self, *inputs: Shape) -> Flow:
        """How the channels that are written come from those of inputs of these shapes."""
        raise NotImplementedError

    def narrowed(self, read: tuple[Kept, ...], written: Kept, *inputs: Shape) -> Operator:
        """What is left of the operator where only these channels of each input are read, and these are written.

        ``inputs`` are the shapes that were read before.
        """
        return self

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """Name and shape of each trained tensor, named as in ``torch.nn``."""
        return {}

    def buffers(self, *inputs: Shape) -> dict[str, Shape]:
        """Name and shape of each tensor that is kept but not trained (running statistics)."""
        return {}

    def describe(self, *inputs: Shape) -> str:
        """A few words for a table, such as ``conv 3×3 /2``."""
        return self.kind.replace("_", " ")


def require_map(kind: str, shape: Shape, rank: int | None = None) -> None:
    """Raise unless ``shape`` is a feature map: channels and at least one side (``rank`` sides, where given)."""
    sides = len(shape) - 1
    if sides < 1 or (rank is not None and sides != rank):
        wanted = "a feature map" if rank is None else f"a feature map with {rank} sides"
        raise FeatherboneError(
            f"{kind} needs {wanted}; its input has shape {shape_text(shape)}",
            hint="flatten and global pooling come after the last operator that needs sides",
        )


def shape_text(shape: Shape) -> str:
    """``3×224×224``; a symbolic size that is a sum or a quotient stands in brackets."""
    return "×".join(dim_text(size) for size in shape) if shape else "scalar"


def dim_text(size: Dim) -> str:
    text = str(size)
    return text if text.replace("_", "").isalnum() else f"({text})"


def sides_text(sides: tuple[Dim, ...]) -> str:
    return "×".join(dim_text(side) for side in sides)
