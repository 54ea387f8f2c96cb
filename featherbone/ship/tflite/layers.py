"""The operators that hold weights, as TensorFlow Lite: kernels have their channels last, as maps do."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from featherbone.graph import Graph
from featherbone.graph import operators as op
from featherbone.ship.tflite.draft import LiteTensor
from featherbone.ship.tflite.site import LiteSite
from featherbone.ship.tflite.windows import VALID, padded, reached, sized, strides, style

CLIPS = {"": 0, "relu": 1, "relu6": 3}  # of the schema's ActivationFunctionType


def conv(operator: op.Conv, site: LiteSite) -> None:
    """A convolution, a depthwise one, or one in groups: its kernels then have as many channels as a group."""
    padding = style(operator, site)
    value = site.reads[0] if padding is not None else padded(site, reached(operator, site))
    options: dict[str, Any] = {
        "padding": VALID if padding is None else padding,
        "fusedActivationFunction": CLIPS[site.clip],
        **strides(operator.stride),
        **sized("dilation", map(int, operator.dilation)),
    }
    read, written, groups = int(site.shapes[0][0]), int(operator.out_channels), int(operator.groups)
    if groups == read and groups != 1:
        kernels = _weight(site).transpose(1, 2, 3, 0)
        options["depthMultiplier"] = written // read
        site.emit("DEPTHWISE_CONV_2D", [value, _kernels(site, kernels, axis=3), _bias(site)], **options)
    else:
        kernels = _weight(site).transpose(0, 2, 3, 1)
        site.emit("CONV_2D", [value, _kernels(site, kernels), _bias(site)], **options)


def linear(operator: op.Linear, site: LiteSite) -> None:
    site.emit(
        "FULLY_CONNECTED",
        [site.reads[0], _kernels(site, _by_place(site)), _bias(site)],
        fusedActivationFunction=CLIPS[site.clip],
    )


def conv_transpose(operator: op.ConvTranspose, site: LiteSite) -> None:
    """All that is stamped is computed, in each group on its own, and the edges are cropped from it."""
    (_, *sides), (written, *ends) = site.shapes[0], site.node.shape
    groups, kernels = int(operator.groups), _spread(_weight(site), operator.dilation)
    whole = []
    for axis, side in enumerate(sides):
        stamped = int(operator.stride[axis]) * (int(side) - 1) + kernels.shape[2 + axis]
        whole.append(max(stamped, int(operator.padding[axis]) + int(ends[axis])))
    shape, made = (1, *whole, int(written)), int(written) // groups
    parts = []
    for group in range(groups):
        share = kernels.shape[0] // groups
        rows = slice(group * made, (group + 1) * made)
        weight = _kernels(site, kernels[group * share : (group + 1) * share].transpose(1, 2, 3, 0), rows=rows)
        part_shape = (*shape[:3], made)
        inputs = [site.whole("sides", part_shape), weight, _group(site, group, share, groups), _bias(site, rows)]
        options: dict[str, Any] = {"padding": VALID, **strides(operator.stride)}
        if groups == 1 and shape == site.writes.shape:
            site.emit("TRANSPOSE_CONV", inputs, **options)
            return
        parts.append(site.step(f"group{group}", "TRANSPOSE_CONV", inputs, part_shape, grid=site.grid, **options))
    if groups > 1 and shape == site.writes.shape:
        site.emit("CONCATENATION", parts, axis=3)
        return
    joined = parts[0] if groups == 1 else site.step("joined", "CONCATENATION", parts, shape, grid=site.grid, axis=3)
    start = [0, *(int(edge) for edge in operator.padding), 0]
    site.emit("SLICE", [joined, site.whole("start", start), site.whole("size", site.writes.shape)])


def batch_norm(operator: op.BatchNorm, site: LiteSite) -> None:
    """A norm of a vector that stands alone; norms of maps were folded or made convolutions."""
    scale = 1 / np.sqrt(site.numbers["running_var"].astype(np.float64) + operator.epsilon)
    shift = np.zeros_like(scale)
    if operator.affine:
        scale, shift = scale * site.numbers["weight"], site.numbers["bias"].astype(np.float64)
    shift = shift - scale * site.numbers["running_mean"]
    scaled = site.step("scaled", "MUL", [site.reads[0], site.floats("scale", scale)], site.writes.shape)
    site.emit("ADD", [scaled, site.floats("shift", shift)])


def _weight(site: LiteSite) -> np.ndarray:
    """Levels where the layer computes in integers, else numbers; as PyTorch lays them out."""
    return site.numbers["weight"] if site.layer is None else site.layer.levels.numpy()


def _kernels(site: LiteSite, values: np.ndarray, *, axis: int = 0, rows: slice = slice(None)) -> LiteTensor:
    """Kernels in the file's layout, with the step of each channel of ``rows`` along ``axis``."""
    name, laid = f"{site.node.name}.weight", np.ascontiguousarray(values)
    if site.layer is None:
        return site.draft.weight(name, laid)
    return site.draft.constant(name, laid, steps=site.layer.steps.numpy()[rows], axis=axis)


def _bias(site: LiteSite, rows: slice = slice(None)) -> LiteTensor:
    """A bias for each channel, of zeros where the layer has none, as not every runtime can do without."""
    name, written = f"{site.node.name}.bias", int(site.node.shape[0])
    if site.layer is None:
        values = site.numbers.get("bias", np.zeros(written, dtype=np.float32))
        return site.draft.constant(name, values[rows])
    given, grid = site.layer.bias, site.reads[0].grid
    assert grid is not None, "a layer in integers reads integers"
    whole = np.zeros(written, dtype=np.int32) if given is None else given.numpy()
    steps = site.layer.steps.numpy().astype(np.float64) * grid.step
    return site.draft.constant(name, whole[rows], steps=steps[rows])


def _by_place(site: LiteSite) -> np.ndarray:
    """The weights of a linear layer; behind a flattened map, in the order in which that lies in the file."""
    weight, before = _weight(site), site.graph[site.node.inputs[0]]
    if not isinstance(before.operator, op.Flatten) or not flattened_as_it_lies(site.graph, before.name):
        return weight
    channels, *sides = (int(size) for size in site.graph.input_shapes(before)[0])
    table = weight.reshape(len(weight), channels, -1)
    assert table.shape[2] == np.prod(sides, dtype=int)
    return table.transpose(0, 2, 1).reshape(len(weight), -1)


def flattened_as_it_lies(graph: Graph, name: str) -> bool:
    """Whether only linear layers read a flattened map: it then keeps its order, and their weights take it on."""
    readers = [node.operator for node in graph.nodes if name in node.inputs]
    return name not in graph.outputs and all(isinstance(reader, op.Linear) for reader in readers)


def _group(site: LiteSite, group: int, share: int, groups: int) -> LiteTensor:
    """The channels that a group reads."""
    value = site.reads[0]
    if groups == 1:
        return value
    shape = (*value.shape[:-1], share)
    inputs = [value, site.whole("start", [0, 0, 0, group * share]), site.whole("size", shape)]
    return site.step(f"read{group}", "SLICE", inputs, shape, grid=value.grid)


def _spread(kernels: np.ndarray, dilation: tuple[object, ...]) -> np.ndarray:
    """Kernels with zeros between their taps, as a transposed convolution has no dilation in TensorFlow Lite."""
    height, width = (int(str(apart)) for apart in dilation)
    if height == width == 1:
        return kernels
    sides = [(side - 1) * apart + 1 for side, apart in zip(kernels.shape[2:], (height, width), strict=True)]
    found = np.zeros((*kernels.shape[:2], *sides), dtype=kernels.dtype)
    for row, column in product(range(kernels.shape[2]), range(kernels.shape[3])):
        found[:, :, row * height, column * width] = kernels[:, :, row, column]
    return found
