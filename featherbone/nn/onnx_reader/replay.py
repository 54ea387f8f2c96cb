"""An ONNX graph's operators, one after the other, through the same rules that answer a running model."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.dimension import LARGEST, LARGEST_VOLUME
from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.common import broadcast
from featherbone.nn.capture.finish import finish
from featherbone.nn.capture.modules import Census, modules_with_modules
from featherbone.nn.capture.structure import each_tensor
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer
from featherbone.nn.onnx_reader.folding import fold
from featherbone.nn.onnx_reader.load import DOMAINS, load
from featherbone.nn.onnx_reader.open_sizes import OpenSizes
from featherbone.nn.onnx_reader.operators import answer
from featherbone.nn.onnx_reader.stated import differs, doubt

SMALL = 4096  # elements: constants up to here may be part of a shape, and are read as numbers
FLOATS = (1, 10, 11, 16)  # ONNX's numbers for float, half, double, bfloat16
NARROW = (2, 3)  # uint8 and int8, in which quantized weights come
SAME_SIZE = ("Add", "Sub", "Mul", "Div", "Neg", "Sqrt", "Exp", "Cast", "Identity", "Sigmoid", "Tanh", "Pow", "Where")
MALFORMED = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    StopIteration,
)


def read_onnx(
    path: Path, given: Sequence[Any] = (), named: Mapping[str, Any] | None = None
) -> tuple[Graph, tuple[str, ...]]:
    """The graph of an ONNX file for one example, and what is to be said of it.

    ``given`` and ``named`` fill the sizes that its inputs leave open.

    Raises:
        FeatherboneError: what ``load`` refuses; a dynamic size other than the batch that nobody fills, or inputs that
            the file does not have; an operator that is neither known nor says what it writes.
    """
    model = load(path)
    try:
        replay = _Replay(path.stem, model.graph, given, named or {})
        return replay.replayed(), tuple(dict.fromkeys(replay.notes))
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint) from None
    except MALFORMED as error:
        raise FeatherboneError(
            f"the graph in {path} is malformed: {type(error).__name__} {str(error)[:100]}",
            hint="check it with onnx.checker.check_model",
        ) from None


class _Replay:
    """One ONNX graph: its tensors by name, and the tracer that records what is done with them."""

    def __init__(self, name: str, graph: Any, given: Sequence[Any], named: Mapping[str, Any]) -> None:
        self.name, self.graph = name, graph
        weights = {tensor.name for tensor in graph.initializer}
        self.open = OpenSizes([info for info in graph.input if info.name not in weights], given, named)
        self.census = Census()
        self.tracer = Tracer(self.census, real=False)
        self.notes: list[str] = []  # what is to be said beside the numbers
        self.values: dict[str, Any] = {"": None}
        self.numbers: set[str] = set()
        self.doubted: set[str] = set()  # names of what has another shape than the file states
        stated = (*graph.value_info, *graph.output)
        self.shapes = {info.name: info for info in stated if info.type.tensor_type.HasField("shape")}

    def replayed(self) -> Graph:
        statistics = self._inputs_of(("BatchNormalization",), slice(3, 5))
        self.numbers = self._inputs_of(("Resize", "Upsample"), slice(1, None))
        for tensor in self.graph.initializer:
            self.values[tensor.name] = self._constant(tensor.name, tensor, tensor.name not in statistics)
        for info in self.graph.input:
            if info.name not in self.values:
                shape = self._sides(info)
                dtype = torch.float32 if info.type.tensor_type.elem_type in FLOATS else torch.int64
                self.values[info.name] = self.tracer.input(info.name, shape, dtype, None)
        modules = [_module_path(node) for node in self.graph.node]
        outer = modules_with_modules(modules)
        for node, path in zip(self.graph.node, modules, strict=True):
            self.tracer.at(path, path not in outer)
            self._node(node)
            self._compare(node)
        results = [self.values[output.name] for output in self.graph.output]
        outputs = [value.entry for value in results if type(value) is Traced and value.entry is not None]
        if not outputs:
            raise FeatherboneError("no output depends on an input")
        return finish(self.name, self.tracer.entries, outputs, self.census.sizes)

    def _inputs_of(self, kinds: tuple[str, ...], places: slice) -> set[str]:
        """Names of what these operators read at these places."""
        return {name for node in self.graph.node if node.op_type in kinds for name in node.input[places]}

    def _constant(self, name: str, tensor: Any, trained: bool) -> Any:
        """A small or whole-numbered tensor as an array; a weight as a tensor without values."""
        from onnx import numpy_helper

        shape = tuple(int(size) for size in tensor.dims)
        volume = _volume(name, shape)
        weight = (tensor.data_type in FLOATS and volume > 1) or (tensor.data_type in NARROW and volume > 16)
        weight = weight and name not in self.numbers
        if not weight and volume <= SMALL and not tensor.external_data:
            return np.array(numpy_helper.to_array(tensor))
        made = torch.empty(shape, device="meta", dtype=torch.float32 if weight else torch.int64)
        if weight and trained:
            self.census.parameters[id(made)] = name
            self.census.sizes[name] = shape
        return made

    def _node(self, node: Any) -> None:
        kind, attributes = node.op_type, _attributes(node)
        if kind == "Constant" and node.domain in DOMAINS:
            self.values[node.output[0]] = self._literal(node.output[0], attributes)
            return
        inputs = [self.values[name] for name in node.input]
        wanted = [name for name in node.output if name]
        if kind == "Shape":
            shape = inputs[0].shape[attributes.get("start", 0) : attributes.get("end", None)]
            self.values[wanted[0]] = np.array(list(shape), dtype=np.int64)
            return
        if (
            node.domain in DOMAINS
            and inputs
            and all(value is None or isinstance(value, np.ndarray) for value in inputs)
        ):
            folded = fold(kind, inputs, attributes)
            if folded is not None:
                self.values[wanted[0]] = folded
                return
        active = [v for v in each_tensor(inputs) if type(v) is Traced and v.entry is not None]
        if not active:
            made_of_weights = self._of_weights(node, inputs, attributes)
            if made_of_weights is not None:
                self.values.update(dict.fromkeys(wanted, made_of_weights))
                return
            inputs = [self._source(value) if isinstance(value, torch.Tensor) else value for value in inputs]
        before = len(self.tracer.entries)
        try:
            if node.domain not in DOMAINS:
                raise NoRule
            made: list[Any] = list(each_tensor(answer(kind, self.tracer, inputs, attributes, len(node.output))))
        except NoRule:
            del self.tracer.entries[before:]
            made = self._unknown(node, [value for value in inputs if isinstance(value, torch.Tensor)])
        self.values.update(zip(node.output, made, strict=False))

    def _compare(self, node: Any) -> None:
        """Doubt the count where a node writes another shape than the file states; the first of a chain says so."""
        followed = any(name in self.doubted for name in node.input)
        for name in node.output:
            info, value = self.shapes.get(name), self.values.get(name)
            if info is None or value is None or not differs(info, value.shape):
                continue
            self.doubted.add(name)
            if not followed:
                self.notes.append(doubt(info, node.op_type, value.shape))
                read = [value] if isinstance(value, torch.Tensor) else []
                marked = self.tracer.opaque(f"{node.op_type} of another shape", read, value.shape, macs=None)
                if read and type(value) is Traced and value.entry is not None:
                    self.values[name] = marked

    def _literal(self, name: str, attributes: dict[str, Any]) -> Any:
        kind, value = next(iter(attributes.items()))
        if hasattr(value, "data_type"):
            return self._constant(name, value, True)
        return np.asarray(value, dtype=np.float32 if kind.startswith("value_float") else None)

    def _source(self, weight: torch.Tensor) -> Traced:
        """A weight that is computed with by itself, as a token that every input gets: an operator that gives it."""
        return self.tracer.opaque("weight", (weight,), tuple(weight.shape), moves=True)

    def _of_weights(self, node: Any, inputs: list[Any], attributes: dict[str, Any]) -> Traced | None:
        """A weight that is transposed, scaled or unpacked before it is used; ``None`` for anything else."""
        tensors = [value for value in inputs if value is not None]
        names = tuple(name for tensor in each_tensor(inputs) for name in self.tracer.weights_of(tensor))
        shape: Any = tuple(tensors[0].shape) if tensors else ()
        kind, stated = node.op_type, self.shapes.get(node.output[0])
        if kind not in (*SAME_SIZE, "Transpose", "Reshape", "DequantizeLinear") and node.domain in DOMAINS:
            return None
        if stated is not None:
            shape = self._sides(stated)
        elif kind == "Transpose":
            shape = tuple(shape[place] for place in attributes.get("perm", range(len(shape))[::-1]))
        elif kind == "Reshape":
            shape = tuple(torch.empty(shape, device="meta").reshape(inputs[1].tolist()).shape)
        elif kind in SAME_SIZE:
            shape = broadcast(*[tensor.shape for tensor in tensors])
        elif kind != "DequantizeLinear":
            return None
        value = torch.empty(shape, device="meta")
        return Traced.make(shape, torch.float32, self.tracer.device, weights=names, value=value)

    def _sides(self, info: Any) -> tuple[int, ...]:
        """The stated shape, with 1 for a batch that is left open."""
        shape = self.open.filled(info)
        _volume(info.name, shape)
        return shape

    def _unknown(self, node: Any, tensors: list[torch.Tensor]) -> list[Traced]:
        """An operator without a rule: not counted, with the shapes that the file states."""
        label = f"{node.domain}.{node.op_type}" if node.domain not in DOMAINS else node.op_type
        made: list[Traced] = []
        for place, name in enumerate(node.output):
            info = self.shapes.get(name)
            if info is None:
                if place:
                    break
                raise FeatherboneError(
                    f"the operator {label} has no rule, and the file does not say what it writes",
                    hint="run onnx.shape_inference.infer_shapes on it first",
                )
            shape = self._sides(info)
            if place:
                made.append(self.tracer.opaque(f"{label}_result", (made[0],), shape, moves=True))
            else:
                made.append(self.tracer.opaque(label, tensors, shape, macs=None))
        return made


def _volume(name: str, shape: tuple[int, ...]) -> int:
    volume = 1
    for size in shape:
        volume *= size
        if not 0 <= size <= LARGEST or volume > LARGEST_VOLUME:
            raise FeatherboneError(f"{name[:80]} has shape {shape[:8]}, which no tensor of a network has")
    return volume


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    found = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        found[attribute.name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return found


def _module_path(node: Any) -> str:
    """The path of the module that a node came from, where the exporter wrote it down."""
    scopes = next((entry.value for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"), "")
    if scopes and len(scopes) < 10_000:
        try:
            names = ast.literal_eval(scopes)
            return str(names[-2]) if len(names) > 1 else ""
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return ""
    parts = node.name.strip("/").split("/")[:-1]
    return parts[-1] if parts else ""
