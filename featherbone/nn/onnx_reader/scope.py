"""The names that an ONNX graph, or the body of one of its operators, can read, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from featherbone.errors import FeatherboneError
from featherbone.nn.onnx_reader.inference import NUMBERS


class Malformed(FeatherboneError):
    """The graph breaks ONNX's own rules."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"the graph is malformed: {sentence}", hint="check it with onnx.checker.check_model")


@dataclass(eq=False)
class Scope:
    """One graph's names.

    Fields:
        stated: what the file says of the shape of a name.
        path: stands before the names of its weights.
        outer: the graph around the body of a control operator; functions see nothing around them.
        attributes: what the call of a function set.
        values: arrays (constants), meta tensors (weights), traced tensors, lists of these, or ``None``.
        kinds: ONNX's numbers of the element types.
        assumed: names whose sizes or values depend on what the input holds, and the operator that made them so.
    """

    stated: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    outer: Scope | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    assumed: dict[str, str] = field(default_factory=dict)

    def home(self, name: str) -> Scope:
        """The scope that a name belongs to: this one or one around it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope
            scope = scope.outer
        raise Malformed(f"an operator reads {name[:80]!r}, which nothing before it writes")

    def find(self, name: str) -> Any:
        return self.home(name).values[name] if name else None

    def kind(self, name: str) -> int:
        """ONNX's number of the element type."""
        if not name:
            return 0
        scope = self.home(name)
        return scope.kinds.get(name) or kind_of(scope.values[name])

    def reason(self, name: str) -> str:
        """The operator that a name's sizes or values are assumed behind; nothing where they are known."""
        return self.home(name).assumed.get(name, "") if name else ""

    def set(self, name: str, value: Any, kind: int = 0, reason: str = "") -> None:
        if not name:
            return
        self.values[name] = value
        self.kinds[name] = kind
        if reason:
            self.assumed[name] = reason

    def inside(self, stated: Mapping[str, Any], path: str) -> Scope:
        """A scope for the body of a control operator of this graph."""
        return Scope(stated=stated, path=path, outer=self, attributes=self.attributes)


def kind_of(value: Any) -> int:
    """ONNX's number for the element type of a value; 0 where it has none."""
    if isinstance(value, torch.Tensor):
        return NUMBERS.get(value.dtype, 0)
    if isinstance(value, np.ndarray):
        from onnx import helper

        try:
            return int(helper.np_dtype_to_tensor_dtype(value.dtype))
        except (KeyError, ValueError):
            return 0
    return 0


def stated_in(graph: Any) -> dict[str, Any]:
    """What a graph says of its tensors' shapes, by their names."""
    stated = (*graph.value_info, *graph.output)
    return {info.name: info for info in stated if info.type.tensor_type.HasField("shape")}
