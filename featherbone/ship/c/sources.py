"""A network as C99: one file and one header, without a library and without allocation."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Template

from featherbone.graph import Graph, Node, Shape
from featherbone.graph.operators import shape_text
from featherbone.quantize import QuantizedNetwork
from featherbone.rewrite.trained_graph import TrainedGraph
from featherbone.ship.c import floats, integer_calls, integers
from featherbone.ship.c.arena import Arena, MemoryUse, arena_of
from featherbone.ship.c.call import CCall, places
from featherbone.ship.c.held import require_held
from featherbone.ship.c.interface import Interface, classifier_text, header_text, integer_door, number_door
from featherbone.ship.c.processor import DESKTOP, Processor
from featherbone.ship.c.steps import CStep, Steps, steps_of
from featherbone.ship.c.text import comment, identifier, identifiers

KERNELS = Path(__file__).parent / "kernels"


@dataclass(frozen=True, kw_only=True)
class CSources:
    """A network in C.

    >>> import torch
    >>> from featherbone.graph import image
    >>> graph = image(1, 1).conv(1, 1, name="mix").graph("tiny")
    >>> found = float_sources(TrainedGraph(graph, {"mix.weight": torch.ones(1, 1, 1, 1)}))
    >>> found.name, found.arena.bytes
    ('tiny', 128)

    Fields:
        name: begins every public name, and the names of the files.
        source: the text of ``NAME.c``.
        header: the text of ``NAME.h``.
        arena: where each map lies.
    """

    name: str
    source: str = field(repr=False)
    header: str = field(repr=False)
    arena: Arena = field(repr=False)


def integer_sources(
    network: QuantizedNetwork, interface: Interface | None = None, processor: Processor = DESKTOP
) -> CSources:
    """A quantized network in C.

    >>> import torch
    >>> from featherbone.graph import image
    >>> from featherbone.quantize import Grid, QuantizedLayer
    >>> layer = QuantizedLayer(levels=torch.full((1, 1, 1, 1), 3, dtype=torch.int8), steps=torch.ones(1), bits=4)
    >>> grids = {"image": Grid(step=0.5, zero=0), "mix": Grid(step=0.5, zero=0)}
    >>> graph = image(1, 1).conv(1, 1, name="mix").graph("tiny")
    >>> found = integer_sources(QuantizedNetwork(graph=graph, grids=grids, layers={"mix": layer}))
    >>> found.name, "conv(&mix_settings, " in found.source
    ('tiny', True)

    Law: ``NAME_integers`` writes the integers of ``featherbone.quantize.reference``, to the bit.

    Args:
        interface: classes and what happens to an image before the network sees it; with it ``NAME_classify`` and a
            ``main`` are written.
        processor: for which weights and maps are laid out.

    Raises:
        FeatherboneError: an operator that C does not hold; layers in float; maps of 16 bits; sums of more than 32 bits.
    """
    graph = network.graph
    require_held(graph, network)
    steps = steps_of(graph, lambda node: integers.cuts_off(network, node), lambda node: integers.copies(network, node))
    found = integers.IntegerNetwork(
        network=network,
        steps=steps,
        names=identifiers([node.name for node in graph.nodes]),
        processor=processor,
    )
    calls = [integer_calls.integer_call(found, step) for step in steps.steps]
    door = integer_door(network, steps.answer, interface, processor)
    return _written(graph, steps, calls, "int8", 1, door, interface, processor)


def float_sources(
    network: TrainedGraph, interface: Interface | None = None, processor: Processor = DESKTOP
) -> CSources:
    """A network in float32 in C; ``network`` is as ``featherbone.quantize.prepared`` leaves it, without norms.

    >>> import torch
    >>> from featherbone.graph import image
    >>> graph = image(1, 1).conv(1, 1, name="mix").graph("tiny")
    >>> "tiny_numbers" in float_sources(TrainedGraph(graph, {"mix.weight": torch.ones(1, 1, 1, 1)})).header
    True

    Raises:
        FeatherboneError: an operator that C does not hold.
    """
    graph = network.graph
    require_held(graph)
    steps = steps_of(graph, floats.cuts_off, lambda node: floats.copies(network, node))
    names = identifiers([node.name for node in graph.nodes])
    found = floats.FloatNetwork(network=network, steps=steps, names=names, processor=processor)
    calls = [floats.float_call(found, step) for step in steps.steps]
    return _written(graph, steps, calls, "float", 4, number_door(graph, interface), interface, processor)


def _written(
    graph: Graph,
    steps: Steps,
    calls: Sequence[CCall],
    precision: str,
    size: int,
    door: str,
    interface: Interface | None,
    processor: Processor,
) -> CSources:
    """All parts in their order."""
    name = identifier(graph.name).lower()
    uses = [
        MemoryUse(reads=step.reads, writes=step.writes, over=call.over, room=call.room)
        for step, call in zip(steps.steps, calls, strict=True)
    ]
    sizes = {node.name: places(node.shape) * int(node.shape[0]) * size for node in graph.nodes}
    arena = arena_of(steps.image, steps.answer, uses, sizes, processor.align)
    terms = max((len(step.node.inputs) for step in steps.steps), default=0)
    parts = [
        f"{comment(f'{graph.name}: {_shapes(graph)}. Written by featherbone.')}",
        f'#include "{name}.h"\n\n#include <math.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n',
        f"#define ADD_TERMS {max(terms, 2)}\n",
        processor.prelude if precision == "int8" else processor.float_prelude,
        *(kernel_text(file) for file in _files(calls, precision, processor)),
        _memory(arena, size, processor),
        *(constant for call in calls for constant in call.constants),
        _body(graph, steps, calls, arena, size),
        Template(door).substitute(
            name=name, answer=arena.places[steps.answer] // size, image=arena.places[steps.image] // size
        ),
        classifier_text(name, interface, graph, precision) if interface else "",
    ]
    source = "\n".join(part for part in parts if part)
    return CSources(name=name, source=source, header=header_text(name, graph, precision, interface), arena=arena)


def _shapes(graph: Graph) -> str:
    return f"{shape_text(graph.nodes[0].shape)} in, {shape_text(graph[graph.outputs[0]].shape)} out"


ORDER = (
    *(
        "window",
        "dots",
        "conv",
        "depthwise",
        "edges",
        "lanes",
        "tiles",
        "tiling",
        "channelwise",
        "add",
        "multiply",
        "lookup",
    ),
    *("activation", "moves", "mean", "avg_pool", "max_pool", "nearest", "blend", "bilinear", "response_norm"),
)  # in which kernels can stand


def _files(calls: Sequence[CCall], precision: str, processor: Processor) -> list[str]:
    """The files of all kernels that are called, each once, in an order in which they can stand."""
    wanted = {kernel for call in calls for kernel in call.kernels}
    if "conv" in wanted:
        wanted.add("dots")
    prelude = f"prelude_{precision}"
    return [processor.file(kind, precision) for kind in (prelude, *(kind for kind in ORDER if kind in wanted))]


@cache
def kernel_text(file: str) -> str:
    """The text of a file of kernels."""
    return (KERNELS / f"{file}.c").read_text(encoding="utf-8")


def _memory(arena: Arena, size: int, processor: Processor) -> str:
    values = -(-(arena.bytes + processor.slack) // size)
    said = comment(f"All maps and what kernels need besides: {arena.bytes:,} bytes.")
    return f"{said}\nstatic {processor.aligned} value_t arena[{values}];\n"


def _body(graph: Graph, steps: Steps, calls: Sequence[CCall], arena: Arena, size: int) -> str:
    """The function that computes the network, call after call."""
    lines = ["static void compute(void) {"]
    for place, (step, call) in enumerate(zip(steps.steps, calls, strict=True)):
        lines.append(textwrap.indent(_described(graph, step), "    "))
        where = {f"read{each}": f"arena + {arena.places[name] // size}" for each, name in enumerate(step.reads)}
        where["written"] = f"arena + {arena.places[step.writes] // size}"
        where["room"] = f"(void *)(arena + {arena.rooms[place] // size})"
        lines += [f"    {Template(line).substitute(where)}" for line in call.lines]
    return "\n".join([*lines, "}", ""])


def _described(graph: Graph, step: CStep) -> str:
    node = step.node
    shapes: tuple[Shape, ...] = graph.input_shapes(node)
    read = " and ".join(shape_text(shape) for shape in dict.fromkeys(shapes))
    what = ", ".join(
        _words(graph, each) for each in (node, *step.ends, *([step.sum] if step.sum else []), *step.sum_ends)
    )
    return comment(f"{node.name}: {what}; {read} to {shape_text(node.shape)}")


def _words(graph: Graph, node: Node) -> str:
    return node.operator.describe(*graph.input_shapes(node))
