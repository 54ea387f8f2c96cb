"""How another library names its layers, as short rules instead of long tables.

A rule is a regular expression for a whole foreign layer name, and what that layer is called here: ``{1}`` is the first
group, ``{2+1}`` the second plus one, ``{@1+1}`` the node at that place of the graph, ``{#1}`` the block of that number,
counted through all stages; ``|`` separates alternatives. A group named ``norm`` that matches means the batch norm after
the layer. The first alternative of the first rule that the graph has a node for is taken, so one rule serves networks
whose blocks differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from featherbone.graph import Graph

PART = re.compile(r"\{([@#]?)(\d)(?:\+(\d))?\}")
BLOCK = re.compile(r"(stage\d+\.block\d+)\..*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """The names of one family of networks in one library, and what it computes otherwise than the paper.

    ``epsilon`` is that of its norms; ``relu`` the activation that it has where ours has a ReLU; ``tensorflow`` says
    that its windows are padded as TensorFlow's.
    """

    name: str
    rules: tuple[tuple[str, str], ...]
    epsilon: float | None = None
    relu: str = ""
    tensorflow: bool = False


def our_layer(graph: Graph, layer: str, naming: Naming) -> str | None:
    """The node of ``graph`` that a foreign layer is, or None where no rule leads to one.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 1, name="stem").norm().graph("tiny")
    >>> naming = Naming(name="example", rules=((r"features\\.(?:0|(?P<norm>1))", "stem"),))
    >>> our_layer(graph, "features.0", naming), our_layer(graph, "features.1", naming)
    ('stem', 'stem_norm')
    """
    for pattern, template in naming.rules:
        found = re.fullmatch(pattern, layer)
        if found is None:
            continue
        suffix = "_norm" if found.groupdict().get("norm") else ""
        for alternative in template.split("|"):
            name = PART.sub(partial(_filled, found=found, graph=graph), alternative) + suffix
            if name in graph:
                return name
    return None


def _filled(part: re.Match[str], found: re.Match[str], graph: Graph) -> str:
    what, group, plus = part.groups()
    text = found[int(group)]
    if not what and plus is None:
        return text
    number = int(text) + int(plus or 0)
    if what == "@":
        return graph.nodes[number].name if number < len(graph.nodes) else ""
    if what == "#":
        blocks = list(dict.fromkeys(match[1] for node in graph.nodes if (match := BLOCK.fullmatch(node.name))))
        return blocks[number - 1] if 1 <= number <= len(blocks) else ""
    return str(number)
