"""Sizes in an exported program: numbers, or expressions of symbols; a dynamic batch is read as one example."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import LARGEST

LONGEST = 2000  # characters of one expression
FUNCTIONS: dict[str, Callable[..., int]] = {
    "Integer": lambda value: int(value),
    "Add": lambda *terms: sum(terms),
    "Mul": lambda *factors: reduce(lambda a, b: a * b, factors, 1),
    "FloorDiv": lambda a, b: a // b,
    "CleanDiv": lambda a, b: a // b,
    "Mod": lambda a, b: a % b,
    "PythonMod": lambda a, b: a % b,
    "Max": max,
    "Min": min,
}


class Sizes:
    """Numbers for sizes, given the sizes of the inputs.

    A symbol that is the leading size of an input is the batch and becomes 1; others take the size that the model was
    exported with.
    """

    def __init__(self, inputs: list[list[dict[str, Any]]]) -> None:
        self._known: dict[str, int] = {}
        for sizes in inputs:
            for place, size in enumerate(sizes):
                if "as_expr" in size and (name := _symbol(_parsed(size["as_expr"]))):
                    self._known.setdefault(name, 1 if place == 0 else _hint(size["as_expr"]))

    def __getitem__(self, size: dict[str, Any]) -> int:
        if "as_int" in size:
            if type(size["as_int"]) is not int:
                raise ValueError(f"size {size['as_int']!r}")
            return size["as_int"]
        value = _evaluated(_parsed(size["as_expr"]), self._known)
        return _hint(size["as_expr"]) if value is None else value


def _parsed(expression: Mapping[str, Any]) -> ast.expr:
    """The expression, which is written as sympy's ``srepr``: ``Mul(Integer(12), Symbol('s77', positive=True))``."""
    text = str(expression["expr_str"])
    if len(text) > LONGEST:
        raise ValueError("a size is given by an expression that is too long")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{text[:80]!r} is no size") from None


def _symbol(node: ast.expr) -> str:
    """The name of a symbol; empty for anything else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Symbol" and node.args:
        name = node.args[0]
        return str(name.value) if isinstance(name, ast.Constant) else ""
    return ""


def _evaluated(node: ast.expr, known: Mapping[str, int]) -> int | None:
    """The number, or ``None`` where a symbol or function is not known."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _evaluated(node.operand, known)
        return None if inner is None else -inner
    if name := _symbol(node):
        return known.get(name)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
        return None
    values = [_evaluated(argument, known) for argument in node.args]
    numbers = [value for value in values if value is not None and abs(value) <= LARGEST**2]
    return FUNCTIONS[node.func.id](*numbers) if len(numbers) == len(values) else None


def _hint(expression: Mapping[str, Any]) -> int:
    hint = expression.get("hint")
    if isinstance(hint, dict) and type(hint.get("as_int")) is int:
        return int(hint["as_int"])
    raise FeatherboneError(
        f"the size {str(expression['expr_str'])[:80]} is dynamic, and the archive does not say its value",
        hint="export again with fixed sizes, or with a dynamic batch only",
    )
