"""A command out of a request: its options follow from the request's fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from inspect import Parameter, Signature
from typing import Annotated, Any, TypeVar

import typer

from featherbone.cli.completion import COMPLETERS
from featherbone.cli.options import Json
from featherbone.job.option import MOST, Option, options_of, read_request

Request = TypeVar("Request")
Answer = Callable[[Request, bool], None]  # of a request, and whether JSON is printed


def command_of(request: type[Request]) -> Callable[[Answer[Request]], Callable[..., None]]:
    """A decorator that makes a command of a function which answers a request; ``--json`` is added.

    Its options are those of `featherbone.job.option.options_of`, so that none of them can be forgotten on the way.
    """

    def made(answer: Answer[Request]) -> Callable[..., None]:
        def command(json: bool, **given: Any) -> None:
            answer(read_request(request, given), json)

        json = Parameter("json", Parameter.KEYWORD_ONLY, default=False, annotation=Json)
        command.__name__, command.__doc__ = answer.__name__, answer.__doc__
        command.__signature__ = Signature([*map(_parameter, options_of(request)), json])  # type: ignore[attr-defined]
        return command

    return made


def _parameter(option: Option) -> Parameter:
    """An option as Typer reads it off a signature."""
    is_required = option.default is MISSING
    optional = not is_required and option.default is None
    completer = COMPLETERS.get(option.name)
    if option.is_argument:
        info = typer.Argument(help=option.help, autocompletion=completer)
    else:
        flags = (option.flag,) if option.kind is bool else ()
        if option.negatable:
            flags = (f"{option.flag}/--no-{option.flag[2:]}",)
        most = (option.most or MOST) if option.kind is int else None
        info = typer.Option(
            *flags, help=option.help, rich_help_panel=option.panel, min=option.least, max=most, autocompletion=completer
        )
    kind: Any = list[option.kind] if option.many else option.kind | None if optional else option.kind  # type: ignore[name-defined]
    default = Parameter.empty if is_required else list(option.default) if option.many else option.default
    return Parameter(option.name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])
