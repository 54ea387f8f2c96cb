"""How much work a file's functions and loops are, known before it is done: a small file can ask for it without end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featherbone.errors import FeatherboneError

DEEPEST = 32  # functions and bodies inside each other
MOST_OPERATORS = 100_000  # when every call of a function is written out
MOST_TURNED = 10_000  # operators in bodies, which loops run again and again

Key = tuple[str, str, str]


def key_of(node: Any) -> Key:
    """What a function is called by."""
    return node.domain, node.op_type, node.overload


def check_functions(functions: Mapping[Key, Any], nodes: Any) -> None:
    """Refuse functions that call each other too deep, or are too many operators when all are written out.

    Raises:
        FeatherboneError: they are.
    """
    known: dict[Key, int] = {}

    def written_out(nodes: Any, depth: int) -> int:
        if depth > DEEPEST:
            raise too_deep()
        total = 0
        for node in nodes:
            key = key_of(node)
            if key in functions:
                if key not in known:
                    known[key] = written_out(functions[key].node, depth + 1)
                total += known[key]
            else:
                total += 1 + sum(written_out(one.g.node, depth + 1) for one in node.attribute if one.HasField("g"))
        return total

    total = written_out(nodes, 0)
    if total > MOST_OPERATORS:
        raise FeatherboneError(
            f"its functions run {total:,} operators when all are written out; at most {MOST_OPERATORS:,} are read",
            hint="a network has fewer; look at how its functions call each other",
        )


def too_deep() -> FeatherboneError:
    """Functions or bodies stand too deep in each other."""
    return FeatherboneError(
        f"its functions and bodies call each other more than {DEEPEST} deep",
        hint="inline them with onnx.inliner.inline_local_functions",
    )


class TooLarge(FeatherboneError):
    """More than a network has: a tensor that no machine holds, loops that do not end."""


def check_turns(turned: int) -> None:
    """Refuse loops that run more operators than is read.

    Raises:
        FeatherboneError: they do.
    """
    if turned > MOST_TURNED:
        raise TooLarge(
            f"its loops run more than {MOST_TURNED:,} operators one by one, which is more than is read",
            hint="count the body of the innermost loop by itself",
        )
