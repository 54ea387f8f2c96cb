"""Sizes that an ONNX file leaves open: the batch is one, others are filled from what the inputs are said to be."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from featherbone.errors import FeatherboneError
from featherbone.nn.capture.inputs import Whole

USUAL = (224, 128, 64, 32)  # sizes that are suggested for open sides
Make = Callable[[str, tuple[int, ...], int], Any]


class Unfilled(FeatherboneError):
    """A size beside the batch is open, and nobody says it."""


class OpenSizes:
    """Numbers for the open sizes of a graph, by their names: a side is open without a value, and with one below 0."""

    def __init__(self, inputs: Sequence[Any], given: Sequence[Any], named: Mapping[str, Any]) -> None:
        known = [info.name for info in inputs]
        wrong = [name for name in named if name not in known]
        if wrong or len(given) > len(known):
            raise FeatherboneError(
                f"it has no input {wrong[0]!r}" if wrong else f"it has {len(known)} inputs, and {len(given)} are given",
                hint=f"its inputs: {', '.join(known)}",
            )
        self._all = list(inputs)
        self._inputs = {**dict(zip(known, given, strict=False)), **named}
        self._sizes: dict[str, int] = {}
        self.notes: list[str] = []
        for info in inputs:
            if info.name in self._inputs:
                self._learn(info, _shape(info, self._inputs[info.name]))

    def filled(self, info: Any) -> tuple[int, ...]:
        """The shape of an input.

        Raises:
            Unfilled: a size other than the batch is open, and neither this input nor another one says it.
        """
        if info.name in self._inputs:
            return _shape(info, self._inputs[info.name])
        tensor = _tensor_type(info)
        if not tensor.HasField("shape"):
            raise Unfilled(f"the input {info.name} does not say its shape", hint=self.hint())
        shape = []
        batch = batch_place(info)
        for place, side in enumerate(tensor.shape.dim):
            if _stated(side) is not None:
                shape.append(side.dim_value)
            elif side.dim_param in self._sizes:
                shape.append(self._sizes[side.dim_param])
            elif place == batch:
                shape.append(1)
                if side.dim_param:
                    self._sizes[side.dim_param] = 1
            elif side.HasField("dim_value") and side.dim_value == 0:
                shape.append(0)
                self.notes.append(
                    f"the input {info.name} has a size of 0, so what it holds costs nothing; --input sets it"
                )
            else:
                raise Unfilled(
                    f"{info.name} has the dynamic size {side.dim_param or '?'!r} beside the batch",
                    hint=self.hint(),
                )
        return tuple(shape)

    def known(self, info: Any) -> tuple[int | None, ...] | None:
        """The sides that the file states for what an operator writes; ``None`` where it does not even say how many."""
        if info is None:
            return None
        sides = info.type.tensor_type.shape.dim
        return tuple(self._sizes.get(side.dim_param) if _written(side) is None else side.dim_value for side in sides)

    def fixed(self, info: Any) -> tuple[int, ...] | None:
        """The shape that the file states in numbers alone; ``None`` where it does not."""
        sides = None if info is None else [_written(side) for side in info.type.tensor_type.shape.dim]
        return None if sides is None or None in sides else tuple(size for size in sides if size is not None)

    def hint(self, usual: int = USUAL[0]) -> str:
        """What to type: every input whose sizes are open, the same number for the same name."""
        texts = [f"--input {shlex.quote(f'{one.name}:{self._example(one, usual)}')}" for one in self.unfilled()]
        return f"say it: {' '.join(texts)}; or export it with fixed sizes, or fix them with " + (
            "onnxruntime.tools.make_dynamic_shape_fixed"
        )

    def unfilled(self) -> list[Any]:
        """The inputs of which a size beside the batch is open."""
        found = []
        for info in self._all:
            tensor = _tensor_type(info)
            if info.name in self._inputs or tensor is None:
                continue
            batch = batch_place(info)
            places = [place for place, side in enumerate(tensor.shape.dim) if _stated(side) is None and place != batch]
            if not tensor.HasField("shape") or any(
                tensor.shape.dim[place].dim_value != 0 or not tensor.shape.dim[place].HasField("dim_value")
                for place in places
            ):
                found.append(info)
        return found

    def example(self, info: Any, usual: int) -> tuple[int, ...]:
        """Sizes that an open input could have, whole: three channels, and ``usual`` for other open sides."""
        tensor = _tensor_type(info)
        if not tensor.HasField("shape"):
            return (1, 3, usual, usual)
        sides, batch = tensor.shape.dim, batch_place(info)
        image = len(sides) == 4 and _stated(sides[1]) is None and tensor.elem_type in (1, 10, 11, 16)
        shape = []
        for place, side in enumerate(sides):
            fixed = _stated(side) if _stated(side) is not None else self._sizes.get(side.dim_param)
            shape.append(fixed if fixed is not None else 1 if place == batch else 3 if image and place == 1 else usual)
        return tuple(shape)

    def suggested(self, usual: int) -> dict[str, Whole]:
        """The inputs whose sizes are open, as the hint names them."""
        return {info.name: Whole(torch.empty(self.example(info, usual), device="meta")) for info in self.unfilled()}

    def _example(self, info: Any, usual: int) -> str:
        shape = self.example(info, usual)
        if batch_place(info) == 0 or not _tensor_type(info).HasField("shape"):
            return "x".join(map(str, shape[1:])) or "scalar"
        return "=" + "x".join(map(str, shape))

    def _learn(self, info: Any, shape: tuple[int, ...]) -> None:
        sides = _tensor_type(info).shape.dim
        if not _fits(info, shape):
            stated = "×".join(str(side.dim_param or _stated(side) or "?") for side in sides)
            raise FeatherboneError(
                f"the input {info.name} is {stated}, and {'×'.join(map(str, shape))} is given",
                hint="the batch is left out of a size, and is one",
            )
        for side, size in zip(sides, shape, strict=False):
            if side.dim_param and self._sizes.setdefault(side.dim_param, size) != size:
                raise FeatherboneError(f"the size {side.dim_param!r} is {self._sizes[side.dim_param]} and {size}")


def value_of(info: Any, sizes: OpenSizes, make: Make) -> tuple[Any, int, str]:
    """(value, element type, why its sizes are assumed) of an input; of a sequence one element.

    Raises:
        FeatherboneError: it holds no tensors.
    """
    tensor = _tensor_type(info)
    if tensor is None:
        raise FeatherboneError(
            f"the input {info.name} holds no tensor", hint="cost reads files whose inputs are tensors"
        )
    if info.type.HasField("tensor_type") or info.type.HasField("sparse_tensor_type"):
        return make(info.name, sizes.filled(info), tensor.elem_type), tensor.elem_type, ""
    shape = tuple(1 if _stated(side) is None else side.dim_value for side in tensor.shape.dim)
    value = make(info.name, shape, tensor.elem_type)
    return ([value] if _is_sequence(info.type) else value), tensor.elem_type, info.name


def batch_place(info: Any) -> int | None:
    """Which side is the batch: one that is called so, else the first where it is open or 1."""
    sides = _tensor_type(info).shape.dim
    for place, side in enumerate(sides):
        if "batch" in side.dim_param.lower():
            return place
    return 0 if sides and _stated(sides[0]) in (None, 1) else None


def _stated(side: Any) -> int | None:
    return int(side.dim_value) if side.HasField("dim_value") and side.dim_value > 0 else None


def _written(side: Any) -> int | None:
    """The number that the file states for a side that an operator writes; it may be 0, as such a map may be empty."""
    return int(side.dim_value) if side.HasField("dim_value") and side.dim_value >= 0 else None


def _tensor_type(info: Any) -> Any:
    """The type of the tensor, or of those in a sequence or an optional value."""
    kind = info.type
    while True:
        name = kind.WhichOneof("value")
        if name in ("tensor_type", "sparse_tensor_type"):
            return getattr(kind, name)
        if name not in ("sequence_type", "optional_type"):
            return None
        kind = getattr(kind, name).elem_type


def _is_sequence(kind: Any) -> bool:
    inner = kind.optional_type.elem_type if kind.HasField("optional_type") else kind
    return bool(inner.HasField("sequence_type"))


def _fits(info: Any, shape: tuple[int, ...]) -> bool:
    tensor = _tensor_type(info)
    sides = tensor.shape.dim
    return not tensor.HasField("shape") or (
        len(sides) == len(shape) and all(_stated(side) in (None, size) for side, size in zip(sides, shape, strict=True))
    )


def _shape(info: Any, given: Any) -> tuple[int, ...]:
    """What is given as a whole shape: a size leaves out the batch, wherever that stands."""
    if isinstance(given, Whole):
        given = given.tensor
    if isinstance(given, torch.Tensor):
        return tuple(given.shape)
    if isinstance(given, (tuple, list)) and all(type(size) is int for size in given):
        place = batch_place(info) or 0
        whole = (*given[:place], 1, *given[place:])
        return tuple(given) if not _fits(info, whole) and _fits(info, tuple(given)) else whole
    raise FeatherboneError(f"{given!r} is no size for {info.name}", hint="such as (3, 224, 224), without the batch")
