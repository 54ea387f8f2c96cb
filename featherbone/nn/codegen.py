"""A graph as the source of a ``torch.nn.Module``: what a person would write, one line an operator, grouped by scope.

The text needs nothing but torch. It may be read, kept in a file, debugged and changed. It is made from numbers and from
names that the graph has checked, so running it runs nothing that a graph could smuggle in.
"""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import Input, shape_text
from featherbone.nn.expressions import expression
from featherbone.nn.layers import constructor
from featherbone.nn.numeric import require_numbers
from featherbone.nn.paths import attribute, class_name, printable
from featherbone.nn.place import Place
from featherbone.nn.variables import assign, in_place

IMPORTS = "import torch\nimport torch.nn.functional as F\nfrom torch import nn"
INDENT = " " * 8


def source(graph: Graph) -> str:
    """The Python source of a module that computes ``graph``.

    >>> from featherbone.graph import image, scope
    >>> with scope("stem"):
    ...     wire = image(3, 32).conv(8, 3, stride=2).norm().act("relu6")
    >>> print(source(wire.graph("tiny")))
    import torch
    import torch.nn.functional as F
    from torch import nn
    <BLANKLINE>
    <BLANKLINE>
    class Tiny(nn.Module):
        \"""tiny: 3×32×32 → 8×16×16.\"""
    <BLANKLINE>
        def __init__(self):
            super().__init__()
            self.stem = nn.Module()
            self.stem.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
            self.stem.conv_norm = nn.BatchNorm2d(8)
    <BLANKLINE>
        def forward(self, x):
            # stem
            x = self.stem.conv(x)
            x = self.stem.conv_norm(x)
            x = F.relu6(x, inplace=True)
            return x
    <BLANKLINE>

    Inputs and outputs come in the graph's order; shapes carry a batch in front. State-dict names are those of
    ``graph.parameters()`` and ``graph.buffers()``, and each batch norm's ``num_batches_tracked``.

    Raises:
        FeatherboneError: the graph holds symbolic sizes, an opaque operator, or maps of more than three sides; the
            message names the node.
    """
    if not graph.inputs:
        raise FeatherboneError(
            f"{graph.name} has no input, so there is nothing to compute", hint="begin with image(...)"
        )
    require_numbers(graph, "no module can be built")
    parts = [IMPORTS, "", "", f"class {class_name(graph.name)}(nn.Module):", f'    """{_summary(graph)}"""', ""]
    return "\n".join([*parts, *_init(graph), "", *_forward(graph)]) + "\n"


def _summary(graph: Graph) -> str:
    inputs = ", ".join(shape_text(node.shape) for node in graph.inputs)
    outputs = ", ".join(shape_text(graph[name].shape) for name in graph.outputs)
    return f"{printable(graph.name)}: {inputs} → {outputs}."


def _init(graph: Graph) -> list[str]:
    lines = ["    def __init__(self):", f"{INDENT}super().__init__()"]
    made: set[str] = set()
    for node in graph.nodes:
        layer = constructor(node, graph.input_shapes(node))
        if layer is None or node.shares:
            continue
        parts = node.name.split(".")
        for depth in range(1, len(parts)):
            scope = ".".join(parts[:depth])
            if scope not in made:
                made.add(scope)
                lines.append(f"{INDENT}{attribute(scope)} = nn.Module()")
        lines.append(f"{INDENT}{attribute(node.name)} = {layer}")
    return lines


def _forward(graph: Graph) -> list[str]:
    variables, overwriting = assign(graph), in_place(graph)
    lines = [f"    def forward(self, {', '.join(variables.variable[node.name] for node in graph.inputs)}):"]
    current = ""
    for node in graph.nodes:
        if isinstance(node.operator, Input):
            continue
        scope = node.name.rpartition(".")[0]
        if scope != current:
            lines += [""] if len(lines) > 1 else []
            lines += [f"{INDENT}# {scope}"] if scope else []
            current = scope
        place = Place(
            name=node.name,
            layer=attribute(node.shares or node.name),
            arguments=tuple(variables.variable[name] for name in node.inputs),
            inputs=graph.input_shapes(node),
            shape=node.shape,
            in_place=node.name in overwriting,
        )
        lines.append(f"{INDENT}{variables.variable[node.name]} = {expression(node.operator, place)}")
        if variables.dead[node.name]:
            lines.append(f"{INDENT}del {', '.join(variables.dead[node.name])}")
    return [*lines, f"{INDENT}return {', '.join(variables.variable[name] for name in graph.outputs)}"]
