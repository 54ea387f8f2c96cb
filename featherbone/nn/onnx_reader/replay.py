"""An ONNX graph's operators, one after the other, through the same rules that answer a running model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.nn.capture.finish import finish
from featherbone.nn.capture.modules import Census, modules_with_modules
from featherbone.nn.capture.structure import each_tensor
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer
from featherbone.nn.one_image import Batch, NoBatch
from featherbone.nn.onnx_reader.control import CONTROL, called
from featherbone.nn.onnx_reader.expansion import DEEPEST, check_functions, key_of, too_deep
from featherbone.nn.onnx_reader.external import numbers
from featherbone.nn.onnx_reader.folding import MOST, fold
from featherbone.nn.onnx_reader.free import KEEP_WEIGHTS
from featherbone.nn.onnx_reader.inference import TORCH, UNKNOWN, Misfit, Written, infer
from featherbone.nn.onnx_reader.load import DOMAINS, versions
from featherbone.nn.onnx_reader.nodes import attributes_of, label_of, module_path, refers, resolved
from featherbone.nn.onnx_reader.one_image import adapted, joined, unrepeated
from featherbone.nn.onnx_reader.open_sizes import OpenSizes, value_of
from featherbone.nn.onnx_reader.places import MAKING
from featherbone.nn.onnx_reader.recording import (
    MALFORMED,
    checked_volume,
    is_active,
    recorded,
    typed,
    without_recording,
)
from featherbone.nn.onnx_reader.roles import FLOATS, roles
from featherbone.nn.onnx_reader.scope import Scope, stated_in
from featherbone.nn.onnx_reader.stated import differs, doubt

SMALL = 4096  # elements: constants up to here may be part of a shape, and are read as numbers


class Replay:
    """One ONNX file: its tensors by name, and the tracer that records what is done with them."""

    def __init__(
        self, name: str, model: Any, given: Sequence[Any], named: Mapping[str, Any], batch: Batch | None = None
    ) -> None:
        self.name, self.graph, self.roles = name, model.graph, roles(model)
        self.opsets = versions(model.opset_import)
        self.functions = {(own.domain, own.name, own.overload): own for own in model.functions}
        check_functions(self.functions, model.graph.node)
        weights = {tensor.name for tensor in model.graph.initializer}
        self.inputs = [info for info in model.graph.input if info.name not in weights]
        self.open = OpenSizes(self.inputs, given, named)
        self.batch, self.shapes = batch, dict[str, tuple[int, ...]]()
        self.census = Census()
        self.tracer = Tracer(self.census, real=False)
        self.notes: list[str] = []  # what is to be said beside the numbers
        self.sizes: dict[str, tuple[int, ...]] = {}  # of the constants
        self.doubted: set[str] = set()  # names of what has another shape than the file states
        self.depth = 0  # of functions and bodies that are being replayed
        self.turned = 0  # operators in bodies so far
        self.origins: dict[int, tuple[str, Any]] = {}  # of weights and constants: full name, the file's tensor
        self._literals: dict[str, Any] = {}  # a body that runs again has the same weights

    def replayed(self) -> Graph:
        scope = Scope(stated=stated_in(self.graph))
        self.initialise(self.graph, scope)
        for info in self.graph.input:
            if info.name not in scope.values:
                self._input(info, scope)
        modules = [module_path(node) for node in self.graph.node]
        outer = modules_with_modules(modules)
        for node, path in zip(self.graph.node, modules, strict=True):
            self.tracer.at(path, path not in outer)
            self.node(node, scope)
            self._compare(node, scope)
        self.shapes = {name: tuple(one.shape) for name, one in scope.values.items() if hasattr(one, "shape")}
        results = list(each_tensor([self.activation(scope.find(output.name)) for output in self.graph.output]))
        outputs: list[Any] = [value.entry for value in results if type(value) is Traced and value.entry is not None]
        if not outputs:  # an optional value that is none, an empty sequence
            outputs = [self.tracer.opaque("nothing", (), (0,), moves=True).entry]
        return finish(self.name, self.tracer.entries, outputs, self.census.sizes)

    def _input(self, info: Any, scope: Scope) -> None:
        scope.set(info.name, *value_of(info, self.open, self._tensor))

    def _tensor(self, name: str, shape: tuple[int, ...], kind: int) -> Traced:
        shape = self.batch.input(name, shape) if self.batch else shape
        checked_volume(name, shape)
        return self.tracer.input(name, shape, TORCH.get(kind, torch.float32), None)

    def activation(self, value: Any) -> Any:
        """A value as what an operator writes; a constant or a weight gets an operator that gives it."""
        if isinstance(value, (list, tuple)):
            return [self.activation(one) for one in value]
        if isinstance(value, np.ndarray):
            return self.tracer.opaque("constant", (), value.shape, moves=True)
        return self.source(value) if isinstance(value, torch.Tensor) and not is_active(value) else value

    # --- running -----------------------------------------------------------------------------------------------

    def initialise(self, graph: Any, scope: Scope) -> None:
        """Give a graph's weights and constants their names."""
        for tensor in graph.initializer:
            value = self._kept(tensor.name, tensor.name, tensor, scope)
            scope.set(tensor.name, value, tensor.data_type)
        for sparse in graph.sparse_initializer:
            shape = tuple(sparse.dims)
            checked_volume(sparse.values.name, shape)
            key = scope.path + sparse.values.name
            made = self._literals[key] = self.parameter(key, shape)
            scope.set(sparse.values.name, made, sparse.values.data_type)

    def run(self, nodes: Any, scope: Scope) -> None:
        """Replay the operators of a function or of a body.

        Raises:
            FeatherboneError: functions and bodies stand deeper in each other than is read.
        """
        self.depth += 1
        if self.depth > DEEPEST:
            raise too_deep()
        for node in nodes:
            self.node(node, scope)
        self.depth -= 1

    def node(self, node: Any, scope: Scope) -> None:
        """One operator: what it writes gets its names."""
        own = not refers(node)
        node = resolved(node, scope.attributes)
        inputs = [scope.find(name) for name in node.input]
        attributes = attributes_of(node)
        function = self.functions.get(key_of(node))
        if function is not None:
            called(self, function, node, inputs, scope)
            return
        if node.domain in DOMAINS:
            if node.op_type == "Constant":
                self._literal(node, scope, attributes, own)
                return
            if node.op_type in CONTROL:
                CONTROL[node.op_type](self, node, inputs, attributes, scope)
                return
        if self.batch:
            inputs = joined(self, node, adapted(self.batch, node, inputs, attributes))
        self._operator(node, inputs, attributes, scope)

    def one_image(self, whole: Replay) -> Graph | None:
        """The graph with one of the batch's images; ``None`` where that shows to be no batch."""
        self.doubted = whole.doubted
        try:
            graph = self.replayed()
            outputs = [(whole.shapes[info.name], self.shapes[info.name]) for info in self.graph.output]
            holds = self.batch is not None and self.batch.holds(outputs, whole.products(), self.products())
            return graph if holds else None
        except (NoBatch, FeatherboneError, *MALFORMED):
            return None

    def products(self) -> int:
        """All multiply-adds."""
        return sum(entry.macs or 0 for entry in self.tracer.entries)

    def _operator(self, node: Any, inputs: list[Any], attributes: dict[str, Any], scope: Scope) -> None:
        reason = next(filter(None, map(scope.reason, node.input)), "")
        written = [UNKNOWN] * len(node.output)
        try:
            written = infer(node, inputs, [scope.kind(name) for name in node.input], self.opsets)
        except Misfit as error:
            if not reason:
                raise FeatherboneError(
                    f"{label_of(node)} {node.name[:80]!r} does not fit what it reads: {error}",
                    hint="give sizes that fit with --input, or check the file with onnx.checker.check_model",
                ) from None
        active = any(map(is_active, each_tensor(inputs)))
        made, reasons = without_recording(node, inputs, attributes), [reason] * len(node.output)
        if made is None and not active:
            made = self._constants(node, inputs, attributes, written)
        if made is None:
            made, reasons = recorded(self, node, inputs, attributes, scope, written, reason)
        for name, value, known, why in zip(node.output, made, written, reasons, strict=False):
            if isinstance(value, torch.Tensor):
                checked_volume(name, tuple(value.shape))
                if why and self.open.fixed(scope.stated.get(name)) == tuple(value.shape):
                    why = ""
            scope.set(name, typed(value, known.kind), known.kind, why)

    def _constants(self, node: Any, inputs: list[Any], attributes: dict[str, Any], written: list[Written]) -> Any:
        """What an operator makes of constants and weights alone; ``None`` where it is to be recorded."""
        if node.domain not in DOMAINS:
            return None
        weight = self._made_weight(node, inputs, attributes)
        if weight is not None:
            return [weight]
        kind, shape = node.op_type, written[0].shape if written else None
        if inputs and all(value is None or isinstance(value, np.ndarray) for value in inputs):
            if shape is not None and checked_volume(node.output[0], shape) > MOST:
                return None
            try:
                folded = fold(kind, inputs, attributes)
            except MALFORMED:
                return None
            return None if folded is None else [folded]
        if kind in KEEP_WEIGHTS and all(known.shape is not None for known in written):
            names = tuple(name for tensor in each_tensor(inputs) for name in self.tracer.weights_of(tensor))
            return [self._made_of(names, known.shape or ()) for known in written]
        return None

    # --- weights and constants ---------------------------------------------------------------------------------

    def _kept(self, key: str, name: str, tensor: Any, scope: Scope) -> Any:
        """A weight or constant of a body, made once however often the body runs."""
        key = scope.path + key
        if key not in self._literals:
            value = self._constant(key, name, tensor)
            self.origins[id(value)] = (key, tensor)
            self._literals[key] = unrepeated(self, value) if self.batch else value
        return self._literals[key]

    def _constant(self, key: str, name: str, tensor: Any) -> Any:
        """A small tensor as an array; a weight, and what is large, as a tensor without values."""
        shape = tuple(int(size) for size in tensor.dims)
        volume = checked_volume(name, shape)
        self.sizes[name] = shape
        if name in self.roles.parameters:
            whole = self.roles.shapes.get(name, shape)
            checked_volume(name, whole)
            if name in self.roles.gathered:
                self.census.sizes[key] = (self.roles.gathered[name],)
            elif name not in self.roles.same:
                return self.parameter(key, whole)
            return self._made_of((self.roles.same.get(name, key),), whole)
        values = None if name in self.roles.statistics or volume > SMALL else numbers(tensor, SMALL)
        if values is not None:
            return np.array(values)
        return torch.empty(shape, device="meta", dtype=torch.float32 if tensor.data_type in FLOATS else torch.int64)

    def parameter(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        made = torch.empty(shape, device="meta")
        self.census.parameters[id(made)] = name
        self.census.sizes[name] = shape
        return made

    def _made_weight(self, node: Any, inputs: list[Any], attributes: dict[str, Any]) -> torch.Tensor | None:
        """A weight that the file makes when it runs, of one number or by chance; ``None`` for anything else."""
        name, kind = node.output[0], node.op_type
        trained = name in self.roles.parameters
        if kind not in MAKING or not (trained or name in self.roles.statistics):
            return None
        shape: Any = attributes["shape"] if not inputs else inputs[0].shape if kind.endswith("Like") else inputs[0]
        sizes = tuple(int(size) for size in shape)
        checked_volume(name, sizes)
        return self.parameter(name, sizes) if trained else torch.empty(sizes, device="meta")

    def _literal(self, node: Any, scope: Scope, attributes: dict[str, Any], own: bool) -> None:
        (kind, value), name = next(iter(attributes.items())), node.output[0]
        if hasattr(value, "values") and hasattr(value, "indices"):
            value = value.values  # a sparse tensor
        if not hasattr(value, "data_type"):
            scope.set(name, np.asarray(value, dtype=np.float32 if kind.startswith("value_float") else None))
            return
        key = name if own else f"{name}.{len(self._literals)}"  # what the call of a function set is the call's own
        scope.set(name, self._kept(key, name, value, scope), value.data_type)

    def _compare(self, node: Any, scope: Scope) -> None:
        """Doubt the count where a node writes another shape than the file states; the first of a chain says so."""
        followed = any(name in self.doubted for name in node.input)
        for name in node.output:
            info, value = scope.stated.get(name), scope.find(name)
            if info is None or not hasattr(value, "shape"):
                continue
            if not (name in self.doubted if self.batch else differs(info, value.shape)):
                continue
            self.doubted.add(name)
            if not followed:
                ours = self.batch.shapes[name] if self.batch else value.shape
                self.notes.append(doubt(info, node.op_type, ours))
                read = [value] if isinstance(value, torch.Tensor) else []
                marked = self.tracer.opaque(f"{node.op_type} of another shape", read, value.shape, macs=None)
                if read and is_active(value):
                    scope.values[name] = marked

    def source(self, weight: torch.Tensor) -> Traced:
        """A weight that is computed with by itself, as a token that every input gets: an operator that gives it."""
        return self.tracer.opaque("weight", (weight,), tuple(weight.shape), moves=True)

    def _made_of(self, names: tuple[str, ...], shape: tuple[int, ...]) -> Traced:
        """A weight that is transposed, scaled or unpacked before it is used."""
        return Traced.make(
            shape, torch.float32, self.tracer.device, weights=names, value=torch.empty(shape, device="meta")
        )
