"""Which numbers of an ONNX file are parameters. The file does not say: it holds weights, tables and steps alike.

A parameter is what stands in a weight's place (``places``), itself or through operators that unpack and arrange it:
DequantizeLinear, Transpose, Reshape, Cast. What is added to or multiplied with maps is one where it is a bias or a
scale of a layer (a vector that follows it), or a table between layers, such as trained positions. Tables that an
exporter wrote out are none: anchors, grids, masks, means of pixels, states of zeros; nor are quantization's steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from featherbone.nn.onnx_reader.places import (
    INTEGERS,
    MAKING,
    MOVING,
    PLACES,
    PRODUCTS,
    QUANTIZING,
    STEPS,
    NodeFacts,
    all_nodes,
    bodies,
    kind_of,
    packed,
)
from featherbone.nn.onnx_reader.tied import tied
from featherbone.nn.onnx_reader.written_out import gathered, only_normalizes, written_out, zeros

FLOATS = (1, 10, 11, 16)  # ONNX's numbers for float, half, double, bfloat16
MEANS = ("ReduceMean", "ReduceSum", "ReduceSumSquare", "ReduceL2")
SCALING = ("Sub", "Mul", "Div")
JOINING = ("Add", "Sub", "Mul", "Div", "Sum", "Concat", "BiasAdd")
BETWEEN = (*MOVING[:8], *QUANTIZING, "Add", "Sub", "Mul", "Div", "Relu", "Clip")  # from a layer to its bias or scale


@dataclass(kw_only=True)
class Roles:
    """What the tensors of a file are, by their names.

    Fields:
        parameters: constants that were trained, and what operators make in a weight's place.
        statistics: running means and variances.
        steps: scales and zero points of quantization.
        tables: other constants of floating-point numbers, with more than one element.
        shapes: of weights of few bits, what they are when they are unpacked.
        gathered: of tables that an exporter wrote out of fewer numbers, how many these are.
        same: weights that are an embedding's numbers once more, and that embedding.
    """

    parameters: set[str] = field(default_factory=set)
    statistics: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    gathered: dict[str, int] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)

    def constants(self, shapes: Mapping[str, tuple[int, ...]]) -> tuple[tuple[str, tuple[int, ...], str], ...]:
        """(name, shape, what it is) of each that is no parameter, in the order of the file."""
        named = {**dict.fromkeys(self.tables, "table"), **dict.fromkeys(self.steps, "quantization")}
        return tuple((name, shape, named[name]) for name, shape in shapes.items() if name in named)


def roles(model: Any) -> Roles:
    """What each constant of a model is."""
    return _Reader(model).read()


class _Reader:
    """The nodes of a model, of its branches, loops and functions, in the order in which they run."""

    def __init__(self, model: Any) -> None:
        self.called = [NodeFacts.of(node) for function in model.functions for node in all_nodes(function.node)]
        self.nodes = [NodeFacts.of(node) for node in all_nodes(model.graph.node)]
        everywhere = [*self.called, *self.nodes]
        self.producer = {name: node for node in everywhere for name in node.output if name}
        self.functions = {(own.domain, own.name): own for own in model.functions}
        graphs = [model.graph, *(body for node in everywhere for body in bodies(node))]
        self.constants = {tensor.name: tensor for graph in graphs for tensor in graph.initializer}
        self.literals: set[str] = set()
        for node in everywhere:
            if node.op_type == "Constant" and len(node.attribute) == 1 and node.attribute[0].HasField("t"):
                self.constants[node.output[0]] = node.attribute[0].t
                self.literals.add(node.output[0])
        self.active = self._reached([info.name for info in model.graph.input if info.name not in self.constants])
        self.fixed = self._worked_out()
        self.wanted: dict[str, bool] = {}  # what stands in a weight's place, and whether it is quantized there
        self.unpacked = {name for node in everywhere if node.op_type == "DequantizeLinear" for name in node.input[:1]}
        self.parts: set[str] = set()  # what meets other constants before it meets a map
        self.found = Roles()

    def read(self) -> Roles:
        for _ in self.functions:  # a function may call another: what its inputs are is known from the last inwards
            for node in reversed(self.called):
                self._want_places(node)
                self._through(node)
        layers = [node for node in self.nodes if self._weighs(node)]
        after = self._reached([name for node in (*layers, *self._norms()) for name in node.output])
        before = self._leading_to({id(node) for node in layers})
        for node in reversed(self.nodes):
            self._want_places(node)
            if kind_of(node) in JOINING and any(name in self.active for name in node.output):
                self._joined(node, after, before)
            self._through(node)
        self._sorted()
        return self.found

    def _reached(self, names: list[str]) -> set[str]:
        """These names and all that is computed from them; a shape is a number, whoever has it."""
        reached = set(names)
        for node in self.nodes:
            if node.op_type not in ("Shape", "Size") and not reached.isdisjoint((*node.input, *node.inner)):
                reached.update(node.output)
        return reached - {""}

    def _worked_out(self) -> set[str]:
        """The names of constants, and of all that is computed from constants alone."""
        fixed = {"", *self.constants}
        for node in self.nodes:
            if not bodies(node) and fixed.issuperset(node.input):
                fixed.update(node.output)
        return fixed

    def _leading_to(self, wanted: set[int]) -> set[str]:
        """The names that these nodes are computed from."""
        leading: set[str] = set()
        for node in reversed(self.nodes):
            if id(node) in wanted or any(name in leading for name in node.output):
                leading.update(node.input)
        return leading

    def _weighs(self, node: Any) -> bool:
        """Whether a node is a layer: it reads weights, and something that depends on the network's input."""
        given = [node.input[place] for place in self._places(node) if place < len(node.input)]
        return any(name not in self.active for name in given) and any(name in self.active for name in node.input)

    def _norms(self) -> list[Any]:
        """Nodes that divide a map by its own mean: norms that are written out, whose scales come next."""
        means = [name for node in self.nodes if node.op_type in MEANS for name in node.output]
        reduced = self._reached(means) & self.active
        dividing = [node for node in self.nodes if node.op_type in ("Mul", "Div")]
        return [n for n in dividing if self.active.issuperset(n.input) and not reduced.isdisjoint(n.input)]

    def _places(self, node: Any) -> list[int]:
        """The inputs of a node that are weights where they are constant."""
        kind = kind_of(node)
        function = self.functions.get((node.domain, node.op_type))
        if function is not None:
            return [place for place, name in enumerate(function.input) if name in self.wanted]
        if kind == "Gather":  # an embedding: rows of a table by numbers that the network reads
            return [0] if any(name in self.active for name in node.input[1:]) and self._rank(node.input[0]) > 1 else []
        if kind in PLACES or node.domain in ("", "ai.onnx"):
            return list(PLACES.get(kind, ()))
        return [place for place, name in enumerate(node.input) if self._size(name) > 1]  # an operator of one's own

    def _want_places(self, node: Any) -> None:
        kind = kind_of(node)
        idle = kind in PRODUCTS and self.fixed.issuperset(node.input)
        for place in () if self._only_normalizes(node) else self._places(node):
            if place < len(node.input) and idle:
                self._part(node.input[place])
            elif place < len(node.input):
                self._want(node.input[place], kind in INTEGERS or not self.unpacked.isdisjoint(node.output))
                self._unpack(node, place)
        if kind == "BatchNormalization":
            self.found.statistics.update(node.input[3:5])
        self.found.steps.update(node.input[place] for place in STEPS.get(kind, ()) if place < len(node.input))

    def _want(self, name: str, quantized: bool) -> None:
        self.wanted[name] = self.wanted.get(name, False) or quantized

    def _unpack(self, node: Any, place: int) -> None:
        tensor = self.constants.get(node.input[place])
        shape = None if tensor is None else packed(node, place, tuple(tensor.dims))
        if shape is not None:
            self.found.shapes[node.input[place]] = shape

    def _part(self, name: str) -> None:
        """A constant among constants: a weight, unless it is a grid, a mask or a state of zeros."""
        tensor = self.constants.get(name)
        if tensor is None:
            self.parts.add(name)
        elif prod(tensor.dims) > 1 and name not in self.literals and not written_out(tensor):
            self._want(name, False)

    def _only_normalizes(self, node: Any) -> bool:
        before = self.producer.get(node.input[0]) if node.input else None
        reshaped = before is not None and before.op_type == "Reshape"
        literal = len(node.input) > 1 and node.input[1] in self.literals
        return only_normalizes(node, self.constants, literal, reshaped)

    def _through(self, node: Any) -> None:
        """What a weight was made from is a weight; one number that weights are multiplied with is none."""
        outputs = [name for name in node.output if name and name not in self.active]
        if node.op_type in (*MOVING, *QUANTIZING) and any(name in self.found.statistics for name in outputs):
            self.found.statistics.update(node.input[:1])
        if not any(name in self.wanted for name in outputs):
            if any(name in self.parts for name in outputs) and node.op_type not in MAKING:
                for name in node.input[:1] if node.op_type in MOVING else node.input:
                    self._part(name)
            return
        quantized = any(self.wanted.get(name, False) for name in outputs)
        if node.op_type in QUANTIZING or node.op_type in MOVING:
            self._want(node.input[0], quantized or node.op_type in QUANTIZING)
        elif node.op_type not in (*MAKING, "Constant", "Shape", "Range"):
            for name in node.input:
                if self._size(name) != 1:
                    self._want(name, quantized)

    def _joined(self, node: Any, after: set[str], before: set[str]) -> None:
        """Constants beside maps: biases and scales of layers, and tables between layers."""
        maps = [name for name in node.input if name in self.active]
        for name in node.input:
            if name in self.active or name in self.wanted:
                continue
            layer = self._layer(maps[0]) if node.op_type != "Concat" else None
            root = self._root(name)
            tensor = self.constants.get(root)
            if tensor is None:
                if root in self.producer and self.producer[root].op_type not in (*MAKING, "Range"):
                    self._part(name)  # made of several constants
                continue
            sides = [size for size in tensor.dims if size != 1]
            vector = len(sides) <= 1
            if vector and layer is not None and self._fits(layer, sides, node.op_type):
                trained = node.op_type in ("Add", "Sum") or not written_out(tensor)
            else:
                between = any(output in before for output in node.output)
                follows = any(one in after for one in maps) or not vector
                trained = bool(sides) and between and follows and root not in self.literals and not written_out(tensor)
                trained = trained and (node.op_type not in SCALING or not zeros(tensor))
            if trained:
                self._want(name, False)
                if node.op_type == "Add" and (behind := gathered(tensor)):
                    self.found.gathered[root] = behind

    def _root(self, name: str) -> str:
        """The constant that a tensor is, but for its arrangement."""
        while name in self.producer and self.producer[name].op_type in (*MOVING, *QUANTIZING):
            name = self.producer[name].input[0]
        return name

    def _layer(self, name: str) -> Any:
        """The layer that wrote a map, but for what stands between a layer and its bias or scale."""
        seen = 0
        while name in self.producer and seen < 24:
            node, seen = self.producer[name], seen + 1
            if self._weighs(node):
                return node
            if node.op_type not in BETWEEN:
                return None
            maps = [one for one in node.input if one in self.active]
            if not maps:
                return None
            name = maps[0]
        return None

    def _fits(self, layer: Any, sides: list[int], kind: str) -> bool:
        """A vector of one element is a bias where the layer writes one channel."""
        if sides:
            return True
        if kind not in ("Add", "Sum") or kind_of(layer) not in PRODUCTS:
            return False
        tensor = self.constants.get(self._root(next(one for one in layer.input[::-1] if one not in self.active)))
        return tensor is not None and len(tensor.dims) > 0 and 1 in (tensor.dims[0], tensor.dims[-1])

    def _rank(self, name: str) -> int:
        tensor = self.constants.get(self._root(name))
        return 2 if tensor is None else len(tensor.dims)

    def _size(self, name: str) -> int:
        """Elements of a constant; 0 where it is none, or is worked out."""
        tensor = self.constants.get(name)
        return prod(tensor.dims) if tensor is not None else 0

    def _sorted(self) -> None:
        found = self.found
        used = {name for node in (*self.called, *self.nodes) for name in node.input}
        for name, quantized in self.wanted.items():
            tensor, node = self.constants.get(name), self.producer.get(name)
            made = node is not None and node.op_type in MAKING and name not in self.active
            if made or (tensor is not None and (quantized or tensor.data_type in FLOATS)):
                found.parameters.add(name)
        found.parameters -= found.statistics | found.steps
        rows = [node.input[0] for node in self.nodes if node.op_type == "Gather" and node.input[0] in found.parameters]
        found.same = tied(dict.fromkeys(rows), sorted(found.parameters), self.constants) if rows else {}
        enlarging = {name for node in self.nodes if node.op_type in ("Resize", "Upsample") for name in node.input[1:]}
        said = found.parameters | found.statistics | found.steps | enlarging
        for name, tensor in self.constants.items():
            if name in used and name not in said and tensor.data_type in FLOATS and prod(tensor.dims) > 1:
                found.tables.add(name)
        found.steps &= set(self.constants)
