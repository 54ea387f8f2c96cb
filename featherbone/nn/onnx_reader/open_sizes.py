"""Sizes that an ONNX file leaves open: the batch is one, others are filled from what the inputs are said to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from featherbone.errors import FeatherboneError
from featherbone.nn.capture.inputs import Whole


class OpenSizes:
    """Numbers for the open sizes of a graph, by their names."""

    def __init__(self, inputs: Sequence[Any], given: Sequence[Any], named: Mapping[str, Any]) -> None:
        known = [info.name for info in inputs]
        wrong = [name for name in named if name not in known]
        if wrong or len(given) > len(known):
            raise FeatherboneError(
                f"it has no input {wrong[0]!r}" if wrong else f"it has {len(known)} inputs, and {len(given)} are given",
                hint=f"its inputs: {', '.join(known)}",
            )
        self._inputs = {**dict(zip(known, given, strict=False)), **named}
        self._sizes: dict[str, int] = {}
        for info in inputs:
            if info.name in self._inputs:
                self._learn(info, _shape(info.name, self._inputs[info.name]))

    def filled(self, info: Any) -> tuple[int, ...]:
        """The shape of an input or of what an operator writes."""
        shape = []
        for place, side in enumerate(info.type.tensor_type.shape.dim):
            if side.HasField("dim_value") and side.dim_value > 0:
                shape.append(side.dim_value)
            elif side.dim_param in self._sizes:
                shape.append(self._sizes[side.dim_param])
            elif info.name in self._inputs:
                shape.append(_shape(info.name, self._inputs[info.name])[place])
            elif place == 0:
                shape.append(1)
            else:
                raise FeatherboneError(
                    f"{info.name} has the dynamic size {side.dim_param or '?'!r} beside the batch",
                    hint=f"say it: --input {info.name}:{_example(info)}; or export it with fixed sizes, or fix them "
                    "with onnxruntime.tools.make_dynamic_shape_fixed",
                )
        return tuple(shape)

    def _learn(self, info: Any, shape: tuple[int, ...]) -> None:
        sides = info.type.tensor_type.shape.dim
        fits = len(sides) == len(shape) and all(
            side.dim_value in (0, size) for side, size in zip(sides, shape, strict=True)
        )
        if not fits:
            stated = "×".join(str(side.dim_value or side.dim_param or "?") for side in sides)
            raise FeatherboneError(
                f"the input {info.name} is {stated}, and {'×'.join(map(str, shape))} is given",
                hint="the batch is left out of a size, and is one",
            )
        for side, size in zip(sides, shape, strict=True):
            if side.dim_param and self._sizes.setdefault(side.dim_param, size) != size:
                raise FeatherboneError(f"the size {side.dim_param!r} is {self._sizes[side.dim_param]} and {size}")


def _shape(name: str, given: Any) -> tuple[int, ...]:
    if isinstance(given, Whole):
        given = given.tensor
    if isinstance(given, torch.Tensor):
        return tuple(given.shape)
    if isinstance(given, (tuple, list)) and all(type(size) is int for size in given):
        return (1, *given)
    raise FeatherboneError(f"{given!r} is no size for {name}", hint="such as (3, 224, 224), without the batch")


def _example(info: Any) -> str:
    """A size as it could be given, with 224 for each open side."""
    sides = list(info.type.tensor_type.shape.dim)[1:]
    return "x".join(str(side.dim_value or 224) for side in sides) or "1"
