"""An ONNX file while it is written: its nodes, its constants, and which names are taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from onnx import helper, numpy_helper


class Draft:
    """Nodes in computing order, and the constants that they read; values and constants share one set of names."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._taken = set(taken)
        self._weights: dict[str, str] = {}

    def free(self, name: str) -> str:
        """The name itself where it is free, else with a number; it is taken from now on."""
        number, found = 1, name
        while found in self._taken:
            number += 1
            found = f"{name}/{number}"
        self._taken.add(found)
        return found

    def constant(self, name: str, values: np.ndarray) -> str:
        """A constant under this name or one like it."""
        given = self.free(name)
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), given))
        return given

    def weight(self, name: str, values: np.ndarray) -> str:
        """A weight as it stands in the state dict, once, whoever reads it."""
        if name not in self._weights:
            self._weights[name] = self.constant(name, values)
        return self._weights[name]

    def node(self, kind: str, inputs: Sequence[str], output: str, name: str, settings: dict[str, Any]) -> None:
        """Compute ``output`` by an ONNX operator."""
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=name, **settings))
