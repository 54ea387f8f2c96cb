"""An ONNX model while it is written: its nodes, its constants, and which names are taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from featherbone.graph import Shape
from featherbone.onnx_dialect import FORMAT, OPSET

TYPES = {"f": (TensorProto.FLOAT, "<f4"), "i": (TensorProto.INT64, "<i8")}
INTEGERS = {
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "int32": TensorProto.INT32,
}


class Draft:
    """Nodes in computing order, and the constants that they read; values and constants share one set of names.

    All is written into ``proto`` at once: weights may be hundreds of megabytes, and each copy of them takes its time.
    """

    def __init__(self, name: str) -> None:
        self.proto = onnx.ModelProto(ir_version=FORMAT, producer_name="featherbone")
        self.proto.opset_import.append(helper.make_opsetid("", OPSET))
        self.proto.graph.name = name
        self._taken: set[str] = set()
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
        """A constant under this name or one like it: float32 or, where the values are whole numbers, int64."""
        kind, layout = TYPES[values.dtype.kind]
        return self._initializer(name, values.astype(layout, copy=False), kind)

    def integers(self, name: str, values: np.ndarray) -> str:
        """A constant of integers in the type that they have, one of ``INTEGERS``."""
        return self._initializer(name, values.astype(values.dtype.newbyteorder("<")), INTEGERS[values.dtype.name])

    def _initializer(self, name: str, values: np.ndarray, kind: int) -> str:
        tensor = self.proto.graph.initializer.add(name=self.free(name), dims=values.shape, data_type=kind)
        tensor.raw_data = values.tobytes()
        return str(tensor.name)

    def computed_weight(self, name: str, value: str) -> None:
        """Let a weight be a value that other nodes compute."""
        self._weights[name] = value

    def weight(self, name: str, values: np.ndarray) -> str:
        """A weight as it stands in the state dict, once, whoever reads it."""
        if name not in self._weights:
            self._weights[name] = self.constant(name, values)
        return self._weights[name]

    def node(self, kind: str, inputs: Sequence[str], output: str, name: str, settings: dict[str, Any]) -> None:
        """Compute ``output`` by an ONNX operator."""
        self.proto.graph.node.append(helper.make_node(kind, list(inputs), [output], name=name, **settings))

    def boundary(self, values: Any, name: str, shape: Shape) -> None:
        """State one of the graph's inputs or outputs: float32, with a free batch."""
        values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape]))
