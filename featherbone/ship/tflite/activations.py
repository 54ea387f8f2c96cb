"""Activations as TensorFlow Lite: an operator of that name, a few that make it up, or in int8 a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from featherbone.graph import operators as op
from featherbone.quantize.grid import Grid
from featherbone.quantize.reference import activation_table
from featherbone.ship.tflite.layers import CLIPS
from featherbone.ship.tflite.site import LiteSite

NAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "elu": ("ELU", {}),
    "gelu": ("GELU", {"approximate": False}),
    "hard_swish": ("HARD_SWISH", {}),
    "leaky_relu": ("LEAKY_RELU", {"alpha": 0.01}),
    "relu": ("RELU", {}),
    "relu6": ("RELU6", {}),
    "sigmoid": ("LOGISTIC", {}),
    "tanh": ("TANH", {}),
}
BY_TABLE = ("hard_sigmoid", "mish", "sigmoid", "tanh")  # in int8: no operator writes these on any grid
INT32, INT8 = 2, 9  # of the schema's TensorType
GATES = Grid(step=2.0**-8, zero=-128)  # the only grid on which TensorFlow Lite writes a sigmoid


def activation(operator: op.Activation, site: LiteSite) -> None:
    function = operator.function
    rough = function == "silu" and site.in_integers and gate_is_rough(site.reads[0].grid, site.grid)
    if site.in_integers and (function in BY_TABLE or rough):
        _by_table(function, site)
    elif function in MADE_UP:
        MADE_UP[function](site)
    else:
        kind, options = NAMED[function]
        site.emit(kind, **options)


def gate_is_rough(read: Grid | None, written: Grid | None) -> bool:
    """Whether x · sigmoid(x), with the sigmoid on 256 values, is more than a step off for any integer that is read.

    >>> gate_is_rough(Grid(step=0.05, zero=-100), Grid(step=0.05, zero=-122))
    False
    >>> gate_is_rough(Grid(step=0.05, zero=100), Grid(step=0.005, zero=-70))
    True

    It is where a map reaches further below zero than above: what is left there of a sigmoid are few of its steps.
    """
    assert read is not None
    assert written is not None
    numbers = (np.arange(read.low, read.high + 1) - read.zero) * read.step
    gates = np.clip(np.floor(256 / (1 + np.exp(-numbers)) + 0.5), 0, 255) / 256
    made = np.floor(numbers * gates / written.step + 0.5) + written.zero
    table = activation_table("silu", read, written).astype(np.float64)
    return bool(np.abs(np.clip(made, written.low, written.high) - table).max() > 1)


def _by_table(function: str, site: LiteSite) -> None:
    """The integer that is written for each that is read, looked up: exactly what the reference writes."""
    (value,), written = site.reads, site.grid
    assert value.grid is not None
    assert written is not None
    table = activation_table(function, value.grid, written)
    made = site.draft.tensor(f"{site.node.name}/signed", value.shape, "int32")
    site.draft.operator("CAST", [value], made, {"inDataType": INT8, "outDataType": INT32})
    places = site.draft.tensor(f"{site.node.name}/places", value.shape, "int32")
    site.draft.operator("ADD", [made, site.whole("least", [-value.grid.low])], places, {})
    held = site.draft.constant(f"{site.node.name}/table", table, grid=written)
    site.emit("GATHER", [held, places], axis=0)


def _hard_sigmoid(site: LiteSite) -> None:
    shape = site.writes.shape
    clipped = site.step("clipped", "ADD", [*site.reads, site.floats("three", 3)], shape, **_CLIPPED)
    site.emit("MUL", [clipped, site.floats("sixth", 1 / 6)])


def _silu(site: LiteSite) -> None:
    gate = site.step("gate", "LOGISTIC", [], site.writes.shape, grid=GATES if site.in_integers else None)
    site.emit("MUL", [*site.reads, gate])


def _mish(site: LiteSite) -> None:
    """x · tanh(log(1 + eˣ))."""
    shape = site.writes.shape
    powers = site.step("powers", "EXP", [], shape)
    more = site.step("more", "ADD", [powers, site.floats("one", 1)], shape)
    soft = site.step("soft", "LOG", [more], shape)
    site.emit("MUL", [*site.reads, site.step("gate", "TANH", [soft], shape)])


_CLIPPED: dict[str, Any] = {"fusedActivationFunction": CLIPS["relu6"]}
MADE_UP: dict[str, Callable[[LiteSite], None]] = {"hard_sigmoid": _hard_sigmoid, "mish": _mish, "silu": _silu}
