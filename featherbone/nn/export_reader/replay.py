"""The exported program's operators, one after the other, through the same rules that answer a running model."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.dimension import LARGEST, LARGEST_VOLUME
from featherbone.nn.capture.calls import Call, NoRule, call_named
from featherbone.nn.capture.capture import unused_note
from featherbone.nn.capture.finish import finish_named
from featherbone.nn.capture.modules import Census, modules_with_modules
from featherbone.nn.capture.rules.control import dearest
from featherbone.nn.capture.structure import each_tensor, mapped
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer
from featherbone.nn.export_reader.archive import SAVE, read_description, same_weights
from featherbone.nn.export_reader.arguments import (
    DTYPES,
    module_path,
    name_of,
    names_of,
    target_of,
    tensors_of,
    value_of,
)
from featherbone.nn.export_reader.one_image import RECURRENT, Read, adapted, written
from featherbone.nn.export_reader.sizes import Sizes
from featherbone.nn.one_image import Batch, NoBatch, Shape, candidates

MOST_NODES = 200_000
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, StopIteration, ArithmeticError, RuntimeError)
ON_NUMBERS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name) for name in ("add", "sub", "mul", "floordiv", "mod", "neg", "truediv")
}


def read_export(path: Path) -> tuple[Graph, tuple[str, ...]]:
    """The graph of an archive, for one example, and what is to be said about it.

    Raises:
        FeatherboneError: not an archive of ``torch.export``, damaged, or with sizes that nothing fixes.
    """
    description, shared = read_description(path), same_weights(path)
    module = description["graph_module"]
    try:
        whole = Program(path.stem, module, shared)
        graph, notes = whole.replayed(), whole.notes
        for batch in candidates(whole.fixed(), whole.recurrent, whole.shapes()):
            one = Program(path.stem, module, shared, batch)
            found = one.one_image(whole)
            if found is not None:
                return found, (*one.notes, batch.said)
            notes += batch.mixed()
        return graph, tuple(notes)
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint) from None
    except MALFORMED as error:
        raise FeatherboneError(
            f"the program in {path} is malformed: {type(error).__name__} {str(error)[:100]}", hint=SAVE
        ) from None


class Program:
    """One exported program: its tensors by name, and the tracer that records what it does with them."""

    def __init__(
        self,
        name: str,
        module: dict[str, Any],
        shared: Mapping[str, str] = MappingProxyType({}),
        batch: Batch | None = None,
    ) -> None:
        self.name, self.shared, self.batch = name, shared, batch
        self.graph, self.signature = module["graph"], module["signature"]
        self.notes: list[str] = []
        self.values: dict[str, Any] = {}
        self.census = Census()
        self.tracer = Tracer(self.census, real=False)
        if len(self.graph["nodes"]) > MOST_NODES:
            raise FeatherboneError(
                f"a program of {len(self.graph['nodes']):,} operators; at most {MOST_NODES:,} are read"
            )
        users = [spec["user_input"]["arg"] for spec in self.signature["input_specs"] if "user_input" in spec]
        self.inputs = [arg["as_tensor"]["name"] for arg in users if "as_tensor" in arg]
        self.sizes = Sizes([self.graph["tensor_values"][name]["sizes"] for name in self.inputs])

    def replayed(self) -> Graph:
        self._weights()
        for name in self.inputs:
            shape, dtype = self._described(name)
            shape = self.batch.input(name, shape) if self.batch else shape
            self.values[name] = self.tracer.input(name, shape, dtype, None)
        self._nodes()
        names = [arg["as_tensor"]["name"] for arg in self.graph["outputs"] if "as_tensor" in arg]
        kept = {
            spec["user_output"]["arg"]["as_tensor"]["name"]
            for spec in self.signature["output_specs"]
            if "as_tensor" in spec.get("user_output", {}).get("arg", {})
        }
        self.outputs = [name for name in names if name in kept]
        results = [self.values[name] for name in self.outputs]
        outputs = [value.entry for value in results if type(value) is Traced and value.entry is not None]
        if not outputs:
            raise FeatherboneError("the program returns no tensor that depends on its inputs")
        graph, _ = finish_named(
            self.name, self.tracer.entries, outputs, self.census.sizes, registered=self.census.sizes
        )
        self.notes += [*dict.fromkeys(self.tracer.notes), *unused_note(graph)]
        return graph

    # --- one image of a fixed batch --------------------------------------------------------------------------------

    def fixed(self) -> dict[str, Shape]:
        """The sizes of the inputs that are numbers; another one is 0."""
        sizes = {name: self.graph["tensor_values"][name]["sizes"] for name in self.inputs}
        return {name: tuple(size.get("as_int", 0) for size in own) for name, own in sizes.items()}

    @property
    def recurrent(self) -> bool:
        """Whether there are layers whose steps may come before the batch."""
        return any(target_of(node)[1] in RECURRENT for node in self.graph["nodes"])

    def shapes(self) -> dict[str, Shape]:
        """The shapes of inputs and outputs."""
        return {name: tuple(self.values[name].shape) for name in (*self.inputs, *self.outputs)}

    def one_image(self, whole: Program) -> Graph | None:
        """The graph with one of the batch's images; ``None`` where that shows to be no batch."""
        try:
            graph = self.replayed()
            shapes, before = self.shapes(), whole.shapes()
            outputs = [(before[name], shapes[name]) for name in self.outputs]
            holds = self.batch is not None and self.batch.holds(outputs, whole.products(), self.products())
            return graph if holds else None
        except (NoBatch, FeatherboneError, *MALFORMED):
            return None

    def products(self) -> int:
        """All multiply-adds."""
        return sum(entry.macs or 0 for entry in self.tracer.entries)

    # --- running ---------------------------------------------------------------------------------------------------

    def _nodes(self) -> None:
        """The operators of the graph, or of a branch that stands in its place."""
        modules = [module_path(node) for node in self.graph["nodes"]]
        outer = modules_with_modules(modules)
        for node, path in zip(self.graph["nodes"], modules, strict=True):
            self.tracer.at(path, path not in outer)
            self._node(node)

    def _branch(self, graph: dict[str, Any], operands: list[Any]) -> list[Any]:
        """What a graph inside the program makes of these tensors."""
        around, values = self.graph, self.values
        self.graph = graph
        self.values = {name_of(arg): value for arg, value in zip(graph["inputs"], operands, strict=True)}
        try:
            self._nodes()
            return [self.values[name_of(arg)] for arg in graph["outputs"]]
        finally:
            self.graph, self.values = around, values

    def _weights(self) -> None:
        known: dict[str, torch.Tensor] = {}
        for spec in self.signature["input_specs"]:
            kind = next(iter(spec))
            if kind == "user_input":
                continue
            name = spec[kind]["arg"]["name"]
            shape, dtype = self._described(name)
            tensor = torch.empty(shape, dtype=dtype, device="meta")
            if kind == "parameter":
                full = spec[kind]["parameter_name"]
                tensor = known.setdefault(self.shared.get(full, full), tensor)
                if id(tensor) not in self.census.parameters:
                    self.census.parameters[id(tensor)] = full
                    self.census.sizes[full] = shape
            self.values[name] = tensor

    def _described(self, name: str) -> tuple[tuple[int, ...], torch.dtype]:
        value = self.graph["tensor_values"][name]
        shape = tuple(self.sizes[size] for size in value["sizes"])
        volume = 1
        for size in shape:
            volume *= size
            if not 0 <= size <= LARGEST or volume > LARGEST_VOLUME:
                raise FeatherboneError(f"{name} has shape {shape}, which no tensor of a network has")
        return shape, DTYPES.get(value["dtype"], torch.float32)

    def _node(self, node: dict[str, Any]) -> None:
        target, name = target_of(node)
        outputs = names_of(node["outputs"])
        arguments, settings = [], {}
        for given in node["inputs"]:
            value = value_of(given["arg"], self.values)
            if given.get("kind") == 2:
                settings[given["name"]] = value
            else:
                arguments.append(value)
        if target[0] == "_operator" and name in ON_NUMBERS:
            self.values[outputs[0]] = ON_NUMBERS[name](*arguments)
            return
        if target[0] == "aten" and name == "sym_size":
            self.values[outputs[0]] = arguments[0].shape[arguments[1]]
            return
        if target == ["higher_order", "cond"]:
            _, *graphs, operands = arguments
            made = dearest(self.tracer, [partial(self._branch, one, operands) for one in graphs])
            self.values.update(zip(outputs, made, strict=True))
            return
        known = target[0] == "aten"
        call = call_named(name if known else ".".join(target[:2]))
        described = [self._described(name) for name in outputs if name in self.graph["tensor_values"]]
        made = self._result(call, arguments, settings, described, self._reads(node))
        if call.in_place and type(arguments[0]) is Traced and len(made) == 1:
            made = [self.tracer.written(arguments[0], made[0])]
        self.values.update(zip(outputs, made, strict=False))

    def _reads(self, node: dict[str, Any]) -> list[Read]:
        """With a batch, the shapes of what an operator reads: with all images and with one."""
        if self.batch is None:
            return []
        return [(self._described(name)[0], tuple(self.values[name].shape)) for name in tensors_of(node)]

    def _result(
        self,
        call: Call,
        arguments: list[Any],
        settings: dict[str, Any],
        described: list[tuple[Shape, torch.dtype]],
        reads: list[Read],
    ) -> list[Traced]:
        tensors = list(each_tensor((arguments, settings)))
        idle = not any(type(tensor) is Traced and tensor.entry is not None for tensor in tensors)
        if idle and not (call.multiplies and tensors):
            return self._constants(call, tensors, self._without_rule(call, described, reads))
        if idle:  # a product of weights and buffers alone runs at each call as well
            arguments, settings = mapped(arguments, self.tracer.wrapped), mapped(settings, self.tracer.wrapped)
        if self.batch is not None:
            arguments = adapted(self.batch, call, arguments, reads, [shape for shape, _ in described])
        if call.rule is not None:
            before = len(self.tracer.entries)
            try:
                found = list(each_tensor(call.rule(self.tracer, *arguments, **settings)))
            except (NoRule, TypeError):
                found = []
            if self._believed(found, [shape for shape, _ in described]):
                return [tensor for tensor in found if type(tensor) is Traced]
            del self.tracer.entries[before:]
        made: list[Traced] = []
        for place, (shape, dtype) in enumerate(self._without_rule(call, described, reads)):
            label, given = (call.name, tensors) if not place else (f"{call.name}_result", [made[0]])
            macs = 0 if place or call.free else None
            made.append(
                self.tracer.opaque(label, given, shape, macs=macs, dtype=dtype, moves=bool(place) or call.moves)
            )
        return made

    def _constants(
        self, call: Call, tensors: list[torch.Tensor], described: list[tuple[Shape, torch.dtype]]
    ) -> list[Traced]:
        """What an operator makes of weights and constants alone."""
        weights = tuple(dict.fromkeys(name for tensor in tensors for name in self.tracer.weights_of(tensor)))
        made = [
            Traced.make(
                shape, dtype, self.tracer.device, weights=weights, value=torch.empty(shape, dtype=dtype, device="meta")
            )
            for shape, dtype in described
        ]
        if call.views and tensors and type(tensors[0]) is Traced:
            for view in made:
                view.base = tensors[0]
        return made

    def _believed(self, found: list[torch.Tensor], described: list[Shape]) -> bool:
        """Whether a rule's shapes are those that the program says; of one image, whether they may be its share."""
        if self.batch is None or len(found) != len(described):
            return [tuple(tensor.shape) for tensor in found] == described
        for tensor, shape in zip(found, described, strict=True):
            self.batch.place(shape, tuple(tensor.shape))
        return True

    def _without_rule(
        self, call: Call, described: list[tuple[Shape, torch.dtype]], reads: list[Read]
    ) -> list[tuple[Shape, torch.dtype]]:
        """The shapes that the program says; with a batch, one image's."""
        if self.batch is None:
            return described
        return [(written(self.batch, call, reads, shape), dtype) for shape, dtype in described]
