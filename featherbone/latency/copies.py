"""Copies of one kernel as an ONNX file, already optimised: what ONNX Runtime calls when it runs a network.

Each copy has weights of its own and reads the same map, and nothing reads what it writes, so one run of the file is so
many calls of the kernel and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from featherbone.latency.kernel import DEPTHWISE, Kernel
from featherbone.onnx_dialect import ELEMENTWISE, FORMAT, OPSET

BLOCKS, FUSED = "com.microsoft.nchwc", "com.microsoft"  # ONNX Runtime's domains
ACTIVATIONS: dict[str, tuple[str, list[float]]] = {
    "relu": ("Relu", []),
    "relu6": ("Clip", [0.0, 6.0]),
    "sigmoid": ("Sigmoid", []),
    "tanh": ("Tanh", []),
    "leaky_relu": ("LeakyRelu", [0.01]),
    "hard_sigmoid": ("HardSigmoid", [1 / 6, 0.5]),
    "hard_swish": ("HardSwish", []),
}


class Copies:
    """A file being written; ``block`` is the number of channels in a block."""

    def __init__(self, kernel: Kernel, *, copies: int, block: int) -> None:
        self._kernel, self._family, self._block = kernel, kernel.family, block
        self._noise = np.random.default_rng(0)
        self._nodes: list[Any] = []
        self._weights: list[Any] = []
        self._inputs: dict[str, tuple[int, ...]] = {"none": (1,)}
        write = WRITERS.get(self._family.op, Copies._activation)
        for copy in range(copies):
            write(self, f"copy{copy}")

    def model(self) -> bytes:
        """The file; its result is the shape of a tiny input, which takes no time to speak of."""
        self._nodes.append(helper.make_node("Shape", ["none"], ["done"]))
        graph = helper.make_graph(
            self._nodes,
            "copies",
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
                for name, shape in self._inputs.items()
            ],
            [helper.make_tensor_value_info("done", TensorProto.INT64, [1])],
            self._weights,
        )
        domains = [helper.make_opsetid("", OPSET), helper.make_opsetid(BLOCKS, 1), helper.make_opsetid(FUSED, 1)]
        proto: onnx.ModelProto = helper.make_model(graph, opset_imports=domains, ir_version=FORMAT)
        return bytes(proto.SerializeToString())

    def feed(self) -> dict[str, np.ndarray]:
        """Noise for each input."""
        return {name: self._noise.standard_normal(shape).astype(np.float32) for name, shape in self._inputs.items()}

    def _map(self, name: str, channels: int, sides: tuple[int, int], *, blocked: bool = False) -> str:
        self._inputs[name] = (1, self._filled(channels) if blocked else channels, *sides)
        return name

    def _filled(self, channels: int) -> int:
        return -(-channels // self._block) * self._block if self._block else channels

    def _read(self) -> str:
        return self._map("x", self._kernel.channels_in, self._family.side_in)

    def _weight(self, name: str, *shape: int) -> str:
        scale = 1 / math.sqrt(max(1, math.prod(shape[1:])))
        return self._constant(name, (scale * self._noise.standard_normal(shape)).astype(np.float32))

    def _constant(self, name: str, values: np.ndarray) -> str:
        self._weights.append(numpy_helper.from_array(values, name))
        return name

    def _node(self, op: str, inputs: Sequence[str], name: str, domain: str = "", **attributes: Any) -> str:
        self._nodes.append(helper.make_node(op, list(inputs), [name], name=name, domain=domain, **attributes))
        return name

    def _conv(self, name: str) -> None:
        family, kernel = self._family, self._kernel
        blocked = family.layout != "plain"
        reads, writes, groups = kernel.channels_in, kernel.channels_out, family.groups
        if blocked:
            writes = self._filled(writes)
            reads = reads if family.layout == "direct" else self._filled(reads)
        if groups == DEPTHWISE:
            groups = reads
        fan = reads // groups
        inputs = [
            self._map("x", reads, family.side_in),
            self._weight(f"{name}.weight", writes, fan, *family.kernel),
            self._weight(f"{name}.bias", writes),
        ]
        if family.adds:
            inputs.append(self._map("added", writes, family.side_out))
        settings: dict[str, Any] = {}
        if family.act:
            settings["activation"], parameters = ACTIVATIONS[family.act]
            settings |= {"activation_params": parameters} if parameters else {}
        domain = BLOCKS if blocked else FUSED if family.act or family.adds else ""
        op = "FusedConv" if domain == FUSED else "Conv"
        pads = [*_pads(family.kernel, family.stride, family.side_in, family.side_out)]
        self._node(
            op,
            inputs,
            name,
            domain,
            kernel_shape=family.kernel,
            strides=family.stride,
            pads=pads,
            dilations=[1, 1],
            group=groups,
            **settings,
        )

    def _pool(self, name: str) -> None:
        family, blocked = self._family, self._family.layout == "blocked"
        op = "MaxPool" if family.op == "max_pool" else "AveragePool"
        x = self._map("x", self._kernel.channels_in, family.side_in, blocked=blocked)
        settings: dict[str, Any] = {} if op == "MaxPool" else {"count_include_pad": 1}
        pads = _pads(family.kernel, family.stride, family.side_in, family.side_out)
        self._node(
            op,
            [x],
            name,
            BLOCKS if blocked else "",
            kernel_shape=family.kernel,
            strides=family.stride,
            pads=pads,
            **settings,
        )

    def _reorder_input(self, name: str) -> None:
        self._node("ReorderInput", [self._read()], name, BLOCKS)

    def _reorder_output(self, name: str) -> None:
        x = self._map("x", self._kernel.channels_in, self._family.side_in, blocked=True)
        self._node("ReorderOutput", [x], name, BLOCKS, channels=self._kernel.channels_out)

    def _two(self, name: str) -> None:
        op = {"add": "Add", "multiply": "Mul", "scale": "Mul"}[self._family.op]
        other = (1, 1) if self._family.op == "scale" else self._family.side_in
        self._node(op, [self._read(), self._map("other", self._kernel.channels_out, other)], name)

    def _concat(self, name: str) -> None:
        blocked = self._family.layout == "blocked"
        rest = self._kernel.channels_out - self._kernel.channels_in
        x = self._map("x", self._kernel.channels_in, self._family.side_in, blocked=blocked)
        other = [self._map("other", rest, self._family.side_in, blocked=blocked)] if rest > 0 else []
        self._node("Concat", [x, *other], name, axis=1)

    def _shuffle(self, name: str) -> None:
        channels, groups = self._kernel.channels_in, self._family.groups
        sides = self._family.side_in
        apart = self._constant(f"{name}.apart", np.array([-1, groups, channels // groups, *sides]))
        together = self._constant(f"{name}.together", np.array([-1, channels, *sides]))
        table = self._node("Reshape", [self._read(), apart], f"{name}.table", allowzero=1)
        turned = self._node("Transpose", [table], f"{name}.turned", perm=[0, 2, 1, 3, 4])
        self._node("Reshape", [turned, together], name, allowzero=1)

    def _gather(self, name: str) -> None:
        order = self._noise.permutation(self._kernel.channels_in)
        self._node("Gather", [self._read(), self._constant(f"{name}.order", order)], name, axis=1)

    def _split(self, name: str) -> None:
        sizes = [self._kernel.channels_out, self._kernel.channels_in - self._kernel.channels_out]
        sizes = [size for size in sizes if size]
        lengths = self._constant(f"{name}.sizes", np.array(sizes))
        outputs = [f"{name}.{part}" for part in range(len(sizes))]
        self._nodes.append(helper.make_node("Split", [self._read(), lengths], outputs, name=name, axis=1))

    def _reduce(self, name: str) -> None:
        op = "ReduceMean" if self._family.op == "mean" else "ReduceMax"
        self._node(op, [self._read(), self._constant(f"{name}.axes", np.array([-1, -2]))], name, keepdims=1)

    def _reshape(self, name: str) -> None:
        shape = self._constant(f"{name}.shape", np.array([-1, self._kernel.channels_out]))
        self._node("Reshape", [self._read(), shape], name, allowzero=1)

    def _linear(self, name: str) -> None:
        reads, writes = self._kernel.channels_in, self._kernel.channels_out
        self._inputs["x"] = (1, reads)
        weights = [self._weight(f"{name}.weight", writes, reads), self._weight(f"{name}.bias", writes)]
        self._node("Gemm", ["x", *weights], name, transB=1)

    def _norm(self, name: str) -> None:
        channels = self._kernel.channels_in
        settled = [self._constant(f"{name}.{part}", np.ones(channels, np.float32)) for part in "abcd"]
        self._node("BatchNormalization", [self._read(), *settled], name)

    def _activation(self, name: str) -> None:
        op, x = self._family.op, self._read()
        if op == "hard_swish":  # as ONNX Runtime takes it apart
            gate = self._node("HardSigmoid", [x], f"{name}.gate", alpha=1 / 6, beta=0.5)
            self._node("Mul", [x, gate], name)
        elif op == "relu6":
            limits = [self._constant(f"{name}.{edge}", np.array(edge, np.float32)) for edge in (0, 6)]
            self._node("Clip", [x, *limits], name)
        elif op == "silu":
            self._node("QuickGelu", [x], name, FUSED, alpha=1.0)
        else:
            kind, settings = ELEMENTWISE[op]
            self._node(kind, [x], name, **settings)


WRITERS: dict[str, Callable[[Copies, str], None]] = {
    "add": Copies._two,
    "avg_pool": Copies._pool,
    "concat": Copies._concat,
    "conv": Copies._conv,
    "gather": Copies._gather,
    "linear": Copies._linear,
    "max": Copies._reduce,
    "max_pool": Copies._pool,
    "mean": Copies._reduce,
    "multiply": Copies._two,
    "norm": Copies._norm,
    "reorder_input": Copies._reorder_input,
    "reorder_output": Copies._reorder_output,
    "reshape": Copies._reshape,
    "scale": Copies._two,
    "shuffle": Copies._shuffle,
    "split": Copies._split,
}


def _pads(
    kernel: tuple[int, int], stride: tuple[int, int], side_in: tuple[int, int], side_out: tuple[int, int]
) -> tuple[int, int, int, int]:
    """What must be added before and after so that the sides come out; the same on both edges where that works."""
    before, after = [], []
    for size, step, read, written in zip(kernel, stride, side_in, side_out, strict=True):
        needed = max(0, (written - 1) * step + size - read)
        half = (size - 1) // 2
        before.append(min(half, needed))
        after.append(max(needed - before[-1], 0))
    return before[0], before[1], after[0], after[1]
