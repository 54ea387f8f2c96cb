"""The form of ONNX that is written here, for who writes a network and for who times single kernels without torch."""

from __future__ import annotations

from typing import Any

OPSET = 20  # the newest that every ONNX Runtime from 1.19 on runs
FORMAT = 10  # the version of the file format itself, likewise
ELEMENTWISE: dict[str, tuple[str, dict[str, Any]]] = {
    "elu": ("Elu", {}),
    "gelu": ("Gelu", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "hard_swish": ("HardSwish", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "mish": ("Mish", {}),
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
}
"""Activations that are one ONNX operator of one input, and its settings; SiLU and ReLU6 are none."""
