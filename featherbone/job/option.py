"""The options of a job: each is a field of its request, which says how the shell names, describes, reads and writes it.

The options of a command, the keywords in Python and the command that run.json keeps all follow from these fields, so
that an option is added in one place.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

KEY = "option"  # in the metadata of a field
MOST = 2**31 - 1  # of whatever is counted: epochs, trials, pixels
LAST_SEED = 2**63 - 1  # what every generator of random numbers takes

Request = TypeVar("Request")
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Option:
    """What the shell knows of an option.

    - `name`: of its flag, with underscores; that of the field unless given.
    - `kind`: what the shell gives: `str`, `int`, `float`, `bool` or `Path`.
    - `panel`: where the help shows it.
    - `least`, `most`: of a whole number.
    - `negatable`: ``--no-…`` says that it is off, which is not the same as leaving it out.
    - `many`: it may be given several times; its value is a tuple.
    - `is_argument`: it is given by its place, without a flag.
    - `read`: makes the value out of the text and the flag that a refusal names.
    - `write`: makes the text out of the value.
    """

    help: str
    name: str = ""
    kind: type = str
    default: Any = None
    panel: str | None = None
    least: int | None = None
    most: int | None = None
    negatable: bool = False
    many: bool = False
    is_argument: bool = False
    read: Callable[[str, str], Any] | None = None
    write: Callable[[Any], str] = str

    @property
    def flag(self) -> str:
        """As the shell takes it, such as ``--batch-size``."""
        return f"--{self.name.replace('_', '-')}"

    def value(self, given: Any) -> Any:
        """What the shell gave, as the request holds it.

        Raises:
            FeatherboneError: a text that cannot be read.
        """
        if self.many:
            return tuple(given or ())
        return given if self.read is None or given is None else self.read(given, self.flag)

    def words(self, value: Any) -> list[str]:
        """The words of a command that ask for a value; none where that is what nobody has to ask for.

        >>> Option(help="", name="batch_size").words(64), Option(help="", name="skip_bad", kind=bool).words(True)
        (['--batch-size', '64'], ['--skip-bad'])
        >>> Option(help="", name="tensorflow", kind=bool, negatable=True).words(False)
        ['--no-tensorflow']
        >>> Option(help="", name="pretrained", many=True, default=()).words(("a", "b"))
        ['--pretrained', 'a', '--pretrained', 'b']
        """
        if value is None or value == self.default:
            return []
        if self.many:
            return [word for each in value for word in (self.flag, self.write(each))]
        if self.is_argument:
            return [self.write(value)]
        if self.kind is bool:
            return [self.flag if value else f"--no-{self.flag[2:]}"]
        return [self.flag, self.write(value)]


@dataclass(frozen=True, kw_only=True)
class OptionGroup:
    """Options that together make one value; ``join`` takes theirs by name, and ``split`` gives them back."""

    options: tuple[Option, ...]
    join: Callable[..., Any]
    split: Callable[[Any], Mapping[str, Any]]


def option(help: str, kind: type = str, *, default: Any = None, **more: Any) -> Any:
    """A field of a request that is one option; with ``MISSING`` as its default it must be given."""
    return field(default=default, metadata={KEY: Option(help=help, kind=kind, default=default, **more)})


def option_group(group: OptionGroup, **more: Any) -> Any:
    """A field of a request that several options make."""
    return field(metadata={KEY: group}, **more)


def options_of(request: type) -> Iterator[Option]:
    """All options of a request, in the order of its fields.

    >>> from featherbone.job import FitRequest
    >>> [option.flag for option in options_of(FitRequest)][1:4]
    ['--macs', '--params', '--memory']
    """
    for _, found in _described(request):
        yield from found.options if isinstance(found, OptionGroup) else (found,)


def read_request(request: type[Request], given: Mapping[str, Any]) -> Request:
    """The request that the values of all its options make, as the shell gives them, by name.

    Raises:
        FeatherboneError: a text that cannot be read, or values that do not go together.
    """
    values = {}
    for name, found in _described(request):
        if isinstance(found, OptionGroup):
            values[name] = found.join(**{each.name: each.value(given[each.name]) for each in found.options})
        else:
            values[name] = found.value(given[found.name])
    return request(**values)


def command_words(command: str, request: Any) -> list[str]:
    """The command that asks for the same again, as words; what nobody has to ask for is left out.

    >>> from featherbone.job import TrainRequest
    >>> " ".join(command_words("train", TrainRequest(source="digits", network="squeezenet1_1", epochs=9, find_lr=True)))
    'featherbone train digits --network squeezenet1_1 --epochs 9 --find-lr'
    """
    words = ["featherbone", command]
    for name, found in _described(type(request)):
        value = getattr(request, name)
        if isinstance(found, OptionGroup):
            parts = found.split(value)
            words += [word for each in found.options for word in each.words(parts.get(each.name))]
        else:
            words += found.words(value)
    return words


def keywords_of(request: type) -> Callable[[Function], Function]:
    """A decorator: ``help`` shows the fields of a request in place of a function's ``**asked``."""

    def shown(function: Function) -> Function:
        own = [each for each in inspect.signature(function).parameters.values() if each.kind is not each.VAR_KEYWORD]
        known = {each.name for each in own}
        more = [each for each in inspect.signature(request).parameters.values() if each.name not in known]
        function.__signature__ = inspect.signature(function).replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        return function

    return shown


def _described(request: type) -> Iterator[tuple[str, Option | OptionGroup]]:
    """The fields of a request, with what makes them."""
    for each in fields(request):
        found = each.metadata[KEY]
        yield each.name, replace(found, name=found.name or each.name) if isinstance(found, Option) else found
