"""Every block of the catalogue as closed forms, node by node: what a page needs to draw it and to cost it anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from inspect import signature
from typing import Any

from featherbone.blocks import BLOCKS
from featherbone.blocks.registry import Block
from featherbone.cost import count, formula
from featherbone.cost.convention import PAPERS
from featherbone.cost.memory import lifetimes
from featherbone.errors import FeatherboneError
from featherbone.explore.javascript import formula_text, function
from featherbone.graph import Graph, symbols
from featherbone.graph.dimension import divide, is_symbolic, volume

SPECIAL: dict[str, tuple[int, ...]] = {"t": (1,), "p": (0, 1), "G": (1,), "K": (1,), "S": (1,)}
SAMPLE = {"M": 576, "N": 1152, "I": 14, "K": 3, "S": 5, "G": 3, "t": 4, "p": Fraction(1, 2)}  # where all divisions hold
LEAST_KERNEL = 3  # a kernel of 1 makes other blocks of the same name; their formulas hold, their ideas do not


@dataclass(frozen=True, kw_only=True)
class BlockCase:
    """A block where some letters have special values: a function may build less there, such as no expansion at t = 1.

    ``code`` is a function of the block's letters that gives, for each node, its channels, side, multiply-adds,
    parameters and activations; ``whole`` one that gives what must be whole numbers for the block to exist.
    """

    when: Mapping[str, int]
    nodes: tuple[dict[str, Any], ...]
    storages: tuple[tuple[int, int, int], ...]
    text: str
    code: str
    whole: str


def cases(block: Block) -> tuple[BlockCase, ...]:
    """The special cases of a block that differ in their operators from the general one, which is the last.

    >>> [case.when for case in cases(BLOCKS["inverted_residual"])]
    [{'t': 1}, {}]
    """
    general = _symbolic(block, {})
    names = [node.name for node in general.nodes]
    special = []
    for letter in block.letters():
        for value in SPECIAL.get(letter, ()):
            if value < least(block, letter):
                continue
            graph = _symbolic(block, {letter: value})
            if [node.name for node in graph.nodes] != names:
                special.append(_case(block, {letter: value}, graph))
    return (*special, _case(block, {}, general))


def least(block: Block, letter: str) -> int:
    """The least value of a letter for which the block can be built.

    >>> least(BLOCKS["ghost"], "t"), least(BLOCKS["fire"], "t"), least(BLOCKS["fire"], "p")
    (2, 1, 0)
    """
    if letter in ("K", "S"):
        return LEAST_KERNEL
    for value in (0, 1, 2):
        try:
            block.build(**{**SAMPLE, letter: value})
        except FeatherboneError:
            continue
        return value
    raise AssertionError(f"{block.name} can't be built with {letter} up to 2")


def block_code() -> str:
    """All blocks as one object literal of JavaScript."""
    return "{" + ",\n".join(f"{json.dumps(name)}:{_block(block)}" for name, block in BLOCKS.items()) + "}"


def _block(block: Block) -> str:
    defaults = {letter: signature(block.function).parameters[name].default for letter, name in block.symbols.items()}
    facts = {
        "letters": block.letters(),
        "defaults": defaults,
        "least": {letter: least(block, letter) for letter in block.symbols},
        "keeps": block.keeps_channels,
        "paper": block.paper,
        "summary": block.summary,
    }
    parts = ",".join(_case_code(case) for case in cases(block))
    return json.dumps(facts, ensure_ascii=False)[:-1] + f',"cases":[{parts}]}}'


def _case_code(case: BlockCase) -> str:
    facts = {"when": case.when, "nodes": case.nodes, "storages": case.storages, "text": case.text}
    return json.dumps(facts, ensure_ascii=False)[:-1] + f',"at":{case.code},"whole":{case.whole}}}'


def _symbolic(block: Block, fixed: Mapping[str, int]) -> Graph:
    values = {letter: fixed.get(letter, symbols(letter)[0]) for letter in block.letters()}
    return block.build(**values).graph(block.name)


def _case(block: Block, when: Mapping[str, int], graph: Graph) -> BlockCase:
    counted = count(graph)
    places = {node.name: place for place, node in enumerate(graph.nodes)}
    built = block.build(**{**{letter: SAMPLE[letter] for letter in block.letters()}, **when}).graph(block.name)
    if [node.name for node in built.nodes] != list(places):
        raise AssertionError(f"{block.name} has other operators with numbers than with letters")
    rows, nodes = [], []
    side = graph.inputs[0].shape[1]
    for node, row in zip(graph.nodes, counted.rows, strict=True):
        height = node.shape[1] if len(node.shape) > 1 else 1
        rows.append([node.shape[0], height, row.macs, row.params, row.activations])
        nodes.append(
            {
                "name": node.name,
                "kind": row.kind,
                "words": row.description,
                "inputs": [places[name] for name in node.inputs],
                "text": formula_text(_each(row.macs, side)) if row.macs != 0 else "",
            }
        )
    return BlockCase(
        when=when,
        nodes=tuple(nodes),
        storages=tuple((places[each.name], each.first, each.last) for each in lifetimes(built)),
        text=formula_text(formula(block.name, PAPERS, **when).per_position),
        code=function(block.letters(), rows),
        whole=function(block.letters(), [list(_divisions(graph))]),
    )


def _each(macs: Any, side: Any) -> Any:
    """Multiply-adds for each position of the map."""
    return divide(macs, volume((side, side)))


def _divisions(graph: Graph) -> Iterator[Any]:
    """Every number of channels of the graph, and of a group of them, that a quotient gives."""
    seen: set[Any] = set()
    for node in graph.nodes:
        found = [node.shape[0]]
        groups = getattr(node.operator, "groups", 1)
        if groups != 1:
            found += [divide(size, groups) for size in (node.shape[0], graph.input_shapes(node)[0][0])]
        for size in found:
            if is_symbolic(size) and size not in seen and _may_be_no_whole_number(size):
                seen.add(size)
                yield size


def _may_be_no_whole_number(size: Any) -> bool:
    """Whether it is a quotient, or a share p."""
    import sympy

    return bool(sympy.fraction(sympy.together(size))[1] != 1 or "p" in map(str, size.free_symbols))
