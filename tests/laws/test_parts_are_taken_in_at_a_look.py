"""What a reader meets is small and has a name of its own: rooms, files, functions, arguments, classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import featherbone

HOUSE = Path(__file__).parents[2]
PACKAGE = Path(featherbone.__file__).parent
MODULES, LINES, FUNCTION, ARGUMENTS = 30, 300, 60, 8
# Whose arguments are stated elsewhere: options of a command, the settings that a paper gives a block or a network,
# and what torch calls a function with.
STATED = ("cli/", "blocks/", "networks/", "nn/capture/rules/")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def places() -> dict[str, Path]:
    return {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield node


def lines(function: Function) -> int:
    """Of a function, from its `def`, without its docstring."""
    assert function.end_lineno is not None
    whole = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is None or first.end_lineno is None:
        return whole
    return whole - (first.end_lineno - first.lineno + 1)


def arguments(function: Function) -> int:
    """What a caller may give; an object or class that stands first is not given."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"])) + (given.vararg is not None) + (given.kwarg is not None)


def test_no_room_is_above_thirty_modules() -> None:
    rooms = {path.parent for path in PACKAGE.rglob("*.py")}
    found = {str(room): number for room in rooms if (number := len(list(room.glob("*.py")))) > MODULES + 1}
    assert found == {}, f"beside __init__.py, a folder holds at most {MODULES}"


@pytest.mark.parametrize("room", ["featherbone", "tests", "benchmarks"])
def test_no_file_is_above_three_hundred_lines(room: str) -> None:
    found = {
        path.relative_to(HOUSE / room).as_posix(): number
        for path in (HOUSE / room).rglob("*.py")
        if (number := len(path.read_text(encoding="utf-8").splitlines())) > LINES
    }
    assert found == {}


def test_no_function_is_longer_than_sixty_lines() -> None:
    found = {
        f"{place} {function.name}": lines(function)
        for place, path in places().items()
        for function in functions(path)
        if lines(function) > FUNCTION
    }
    assert found == {}


def test_no_function_takes_more_than_eight_arguments() -> None:
    found = {
        f"{place} {function.name}": arguments(function)
        for place, path in places().items()
        if not place.startswith(STATED)
        for function in functions(path)
        if arguments(function) > ARGUMENTS
    }
    assert found == {}


def test_no_class_name_is_used_twice() -> None:
    found: dict[str, list[str]] = {}
    for place, path in places().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(place)
    assert {name: where for name, where in found.items() if len(where) > 1} == {}


def test_what_is_counted_of_a_function() -> None:
    text = 'class A:\n  def f(self, a, /, b, *c, d=1, **e):\n    """One.\n\n    Two.\n    """\n    return a\n'
    (function,) = (node for node in ast.walk(ast.parse(text)) if isinstance(node, Function))
    assert (lines(function), arguments(function)) == (2, 5)
