"""Symbolic sizes as text and back, without evaluating anything: sums, products, quotients and powers of names."""

from __future__ import annotations

import ast
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, dimension, symbols

LONGEST = 500  # characters
LARGEST_POWER = 16


def parse_expression(text: str) -> Dim:
    """A size from text such as ``"M/2"``.

    >>> parse_expression("2*M/G")
    2*M/G

    Raises:
        FeatherboneError: anything but names, whole numbers, ``+ - * / **`` and brackets; longer than 500 characters.
    """
    if len(text) > LONGEST:
        raise FeatherboneError(f"a symbolic size of {len(text)} characters; at most {LONGEST} are read")
    try:
        return dimension(_value(ast.parse(text, mode="eval").body))
    except (SyntaxError, TypeError, ValueError, RecursionError, ZeroDivisionError, MemoryError):
        raise FeatherboneError(
            f"{text!r} is not a symbolic size", hint="names, whole numbers, + - * / ** and brackets are allowed"
        ) from None


def _value(node: ast.expr) -> Any:
    import sympy

    if isinstance(node, ast.Constant) and type(node.value) is int:
        return sympy.Integer(node.value)
    if isinstance(node, ast.Name):
        return symbols(node.id)[0]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
        if isinstance(node.op, ast.Pow) and right.is_Integer and abs(int(right)) <= LARGEST_POWER:
            return left**right
    raise ValueError
