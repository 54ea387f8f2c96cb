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
from featherbone.nn.export_reader.sizes import Sizes

MOST_NODES = 200_000
DTYPES = {  # torch.export's numbers
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    9: torch.complex32,
    10: torch.complex64,
    11: torch.complex128,
    12: torch.bool,
    13: torch.bfloat16,
}
ON_NUMBERS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name) for name in ("add", "sub", "mul", "floordiv", "mod", "neg", "truediv")
}


def read_export(path: Path) -> tuple[Graph, tuple[str, ...]]:
    """The graph of an archive, for one example, and what is to be said about it.

    Raises:
        FeatherboneError: not an archive of ``torch.export``, damaged, or with sizes that nothing fixes.
    """
    description, shared = read_description(path), same_weights(path)
    try:
        program = Program(path.stem, description["graph_module"], shared)
        return program.replayed(), tuple(program.notes)
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint) from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, StopIteration, OverflowError) as error:
        raise FeatherboneError(
            f"the program in {path} is malformed: {type(error).__name__} {str(error)[:100]}", hint=SAVE
        ) from None
    except (RuntimeError, RecursionError, ArithmeticError) as error:
        raise FeatherboneError(f"the program in {path} is malformed: {str(error)[:100]}", hint=SAVE) from None


class Program:
    """One exported program: its tensors by name, and the tracer that records what it does with them."""

    def __init__(self, name: str, module: dict[str, Any], shared: Mapping[str, str] = MappingProxyType({})) -> None:
        self.name, self.shared = name, shared
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
            self.values[name] = self.tracer.input(name, shape, dtype, None)
            if len(shape) > 2 and shape[0] != 1:
                self.notes.append(f"it was exported for a batch of {shape[0]}, so the counts are for the whole batch")
        self._nodes()
        names = [arg["as_tensor"]["name"] for arg in self.graph["outputs"] if "as_tensor" in arg]
        kept = {
            spec["user_output"]["arg"]["as_tensor"]["name"]
            for spec in self.signature["output_specs"]
            if "as_tensor" in spec.get("user_output", {}).get("arg", {})
        }
        results = [self.values[name] for name in names if name in kept]
        outputs = [value.entry for value in results if type(value) is Traced and value.entry is not None]
        if not outputs:
            raise FeatherboneError("the program returns no tensor that depends on its inputs")
        graph, _ = finish_named(
            self.name, self.tracer.entries, outputs, self.census.sizes, registered=self.census.sizes
        )
        self.notes += [*dict.fromkeys(self.tracer.notes), *unused_note(graph)]
        return graph

    def _nodes(self) -> None:
        """The operators of the graph, or of a branch that stands in its place."""
        modules = [_module_path(node) for node in self.graph["nodes"]]
        outer = modules_with_modules(modules)
        for node, path in zip(self.graph["nodes"], modules, strict=True):
            self.tracer.at(path, path not in outer)
            self._node(node)

    def _branch(self, graph: dict[str, Any], operands: list[Any]) -> list[Any]:
        """What a graph inside the program makes of these tensors."""
        around, values = self.graph, self.values
        self.graph = graph
        self.values = {_name(arg): value for arg, value in zip(graph["inputs"], operands, strict=True)}
        try:
            self._nodes()
            return [self.values[_name(arg)] for arg in graph["outputs"]]
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
        target = str(node["target"]).removeprefix("torch.ops.").split(".")
        name = target[1] if len(target) > 1 else target[0]
        outputs = _names(node["outputs"])
        arguments, settings = [], {}
        for given in node["inputs"]:
            value = self._value(given["arg"])
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
        made = self._result(
            call, arguments, settings, [name for name in outputs if name in self.graph["tensor_values"]]
        )
        if call.in_place and type(arguments[0]) is Traced and len(made) == 1:
            made = [self.tracer.written(arguments[0], made[0])]
        self.values.update(zip(outputs, made, strict=False))

    def _result(self, call: Call, arguments: list[Any], settings: dict[str, Any], outputs: list[str]) -> list[Traced]:
        made: list[Traced]
        tensors = list(each_tensor((arguments, settings)))
        described = [self._described(name) for name in outputs]
        idle = not any(type(tensor) is Traced and tensor.entry is not None for tensor in tensors)
        if idle and not (call.multiplies and tensors):
            weights = tuple(dict.fromkeys(name for tensor in tensors for name in self.tracer.weights_of(tensor)))
            device = self.tracer.device
            made = [
                Traced.make(s, d, device, weights=weights, value=torch.empty(s, dtype=d, device="meta"))
                for s, d in described
            ]
            if call.views and arguments and type(arguments[0]) is Traced:
                for view in made:
                    view.base = arguments[0]
            return made
        if idle:  # a product of weights and buffers alone runs at each call as well
            arguments, settings = mapped(arguments, self.tracer.wrapped), mapped(settings, self.tracer.wrapped)
        if call.rule is not None:
            before = len(self.tracer.entries)
            try:
                found = list(each_tensor(call.rule(self.tracer, *arguments, **settings)))
            except (NoRule, TypeError):
                found = []
            if [tuple(tensor.shape) for tensor in found] == [shape for shape, _ in described]:
                return [tensor for tensor in found if type(tensor) is Traced]
            del self.tracer.entries[before:]
        made = []
        for place, (shape, dtype) in enumerate(described):
            label, reads = (call.name, tensors) if not place else (f"{call.name}_result", [made[0]])
            macs = 0 if place or call.free else None
            made.append(
                self.tracer.opaque(label, reads, shape, macs=macs, dtype=dtype, moves=bool(place) or call.moves)
            )
        return made

    def _value(self, argument: dict[str, Any]) -> Any:
        kind, value = next(iter(argument.items()))
        if kind == "as_tensor":
            return self.values[value["name"]]
        if kind in ("as_tensors", "as_optional_tensors", "as_nested_tensors"):
            return [self._optional(item) for item in value]
        if kind == "as_graph":
            return value["graph"]
        if kind in ("as_sym_int", "as_sym_bool", "as_sym_float"):
            return self._symbol(value)
        if kind in ("as_sym_ints", "as_sym_bools", "as_sym_floats"):
            return [self._symbol(item) for item in value]
        if kind == "as_none":
            return None
        if kind == "as_scalar_type":
            return DTYPES.get(value)
        return value

    def _optional(self, item: dict[str, Any]) -> Any:
        if "as_none" in item:
            return None
        return self.values[item["as_tensor"]["name"] if "as_tensor" in item else item["name"]]

    def _symbol(self, value: dict[str, Any]) -> Any:
        return self.values[value["as_name"]] if "as_name" in value else next(iter(value.values()))


def _name(argument: dict[str, Any]) -> str:
    """The name of a tensor or number that a graph takes or returns."""
    kind, value = next(iter(argument.items()))
    return str(value["as_name"] if kind.startswith("as_sym") else value["name"])


def _names(outputs: list[dict[str, Any]]) -> list[str]:
    """Names of a node's results, flat."""
    found: list[str] = []
    for output in outputs:
        kind, value = next(iter(output.items()))
        if kind == "as_none":
            continue
        items = value if isinstance(value, list) else [value]
        found += [item.get("name") or item.get("as_name") or item["as_tensor"]["name"] for item in items]
    return found


def _module_path(node: dict[str, Any]) -> str:
    stack = str(node.get("metadata", {}).get("nn_module_stack", ""))
    parts = stack.split(";")[-1].split(",")
    return parts[1] if len(parts) > 1 else ""
