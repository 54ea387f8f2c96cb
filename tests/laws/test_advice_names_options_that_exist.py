"""A sentence or hint that names an option names one of the command that says it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

import featherbone
from featherbone.cli.main import app

PACKAGE = Path(featherbone.__file__).parent
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*[a-z0-9])")
EVERYWHERE = {"debug", "help", "version"}
JOBS = ("fit", "train")
IMPORTING = ("cost", "time", "compare", "show")  # the commands that read a model from elsewhere
# Which commands reach a module: by the longest beginning of its path that stands here.
REACHED_BY: dict[str, tuple[str, ...]] = {
    "compiled.py": JOBS,
    "cost/": ("cost", "compare"),
    "cost/budget_gate.py": ("cost",),
    "data/": (*JOBS, "data"),
    "hub/": ("convert", "train"),
    "importing.py": IMPORTING,
    "job/": JOBS,
    "job/convert/": ("convert",),
    "job/evaluating/": ("evaluate",),
    "job/exporting/": ("export",),
    "job/factorizing/": ("factorize",),
    "job/model_out.py": ("convert", "factorize", "unpack"),
    "job/packing/": ("pack",),
    "job/weight_options.py": ("convert", "train"),
    "job/limits.py": ("fit", "prune"),
    "job/pretrained/": ("fit",),
    "job/pruning/": ("prune",),
    "job/quantizing/": ("quantize",),
    "job/search/": ("fit",),
    "job/training/": ("train",),
    "kernels/": JOBS,
    "latency/": ("fit",),
    "measure/": ("time",),
    "nn/": IMPORTING,
    "rewrite/factorizing/": ("factorize",),
    "run_file.py": JOBS,
    "search/": ("fit",),
    "ship/": JOBS,
    "ship/target.py": ("export",),
    "train/": JOBS,
}
FOREIGN = {  # options of other programs
    "search/executors/ray_address.py": {"head"},
    "compiled.py": {"version"},
    "ship/c/firmware.py": {"specs", "gc-sections"},
}
STYLES = ("graph/picture/diagram.py", "report/", "job/option.py")  # custom properties of CSS; a builder of any command


@cache
def options_of(command: str) -> frozenset[str]:
    """The long options of a command, without the dashes; a group has those of all its commands."""
    found = typer.main.get_command(app).commands[command]
    parts = getattr(found, "commands", {}).values() or [found]
    names = [name for part in parts for each in part.params for name in (*each.opts, *each.secondary_opts)]
    return frozenset(name[2:] for name in names if name.startswith("--")) | EVERYWHERE


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module that are no docstrings, with their lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.lineno, node.value


def named() -> list[tuple[str, int, str, str]]:
    """Each option that is named: file, line, option, and a command that may say it."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if place.startswith(STYLES):
            continue
        mentions = [(line, option) for line, text in literals(path) for option in OPTION.findall(text)]
        if place.startswith("cli/"):
            commands: tuple[str, ...] = (path.stem,)
            if path.stem not in typer.main.get_command(app).commands:
                continue  # shared by several: each of their options is checked where it is declared
        else:
            beginning = max((each for each in REACHED_BY if place.startswith(each)), key=len, default="")
            assert beginning or not mentions, f"which commands reach {place}? It names {mentions}"
            commands = REACHED_BY.get(beginning, ())
        found += [
            (place, line, option, command)
            for line, option in mentions
            for command in commands
            if option not in FOREIGN.get(place, ())
        ]
    return found


def test_every_option_that_a_message_names_is_one_of_the_command() -> None:
    mentions = named()
    assert len(mentions) > 60
    wrong = [
        f"featherbone/{place}:{line} says --{option}, which featherbone {command} refuses"
        for place, line, option, command in mentions
        if option not in options_of(command)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("command", "options"), [("fit", {"device", "tensorboard", "class-weights"}), ("train", {"lr"})]
)
def test_the_options_of_a_command_are_found(command: str, options: set[str]) -> None:
    assert options <= options_of(command)
