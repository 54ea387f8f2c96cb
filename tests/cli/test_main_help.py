"""Every command's help ends with an example, and its options are the command's own."""

import shlex

import pytest
import typer.main

from featherbone.cli.main import EXAMPLES, app
from featherbone.cli.search import EXAMPLE

APP = typer.main.get_command(app)
WRITTEN = [*EXAMPLES.values(), EXAMPLE]


def commands(group, before=()):
    """The words of every command below a group."""
    for name, command in group.commands.items():
        yield from commands(command, (*before, name)) if hasattr(command, "commands") else [(*before, name)]


def resolved(example):
    """The command of an example, its words, and what it is given."""
    program, *words = shlex.split(example)
    assert program == "featherbone"
    command, named = APP, []
    while hasattr(command, "commands"):
        named.append(words.pop(0))
        command = command.commands[named[-1]]
    return command, tuple(named), words


def test_each_command_has_one_example():
    assert sorted(resolved(example)[1] for example in WRITTEN) == sorted(commands(APP))


@pytest.mark.parametrize("example", WRITTEN)
def test_an_example_ends_the_help_and_the_command_takes_it(example, featherbone):
    command, named, given = resolved(example)
    shown = " ".join(featherbone(*named, "--help").out.split())
    assert shown.endswith(f"Example: {example}")
    command.make_context(named[-1], given)  # raises for an option or an argument that the command does not take
