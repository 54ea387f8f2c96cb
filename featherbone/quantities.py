"""Every quantity of a network that is counted or limited: what it is called, its unit, how it is read and written.

A limit is asked for by its ``flag`` (``--memory 512KiB``), kept under it in JSON, and held everywhere else under its
``name`` (``peak_memory``); the ledger of a search has its ``column``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.quantity import exact, format_bytes, format_count, parse_bytes, parse_count, parse_milliseconds


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One quantity.

    ``words`` name it for people, ``short`` in a narrow table; ``unit`` follows a bare number of it, ``suffix`` a number
    that an option takes exactly. ``parse`` and ``show`` read and write a value with its unit. A design stays below what
    it has ``at_most``: the file is known when it is written. ``most_is_best`` is true of accuracy alone.
    """

    name: str
    words: str
    short: str
    unit: str
    parse: Callable[..., float]
    show: Callable[[float], str]
    flag: str
    column: str
    suffix: str = ""
    at_most: bool = False
    most_is_best: bool = False

    @property
    def heading(self) -> str:
        """What a table or an axis of designs says.

        >>> QUANTITIES["macs"].heading, QUANTITIES["size"].heading
        ('multiply-adds', 'model file, at most')
        """
        return f"{self.words}, at most" if self.at_most else self.words

    @property
    def option(self) -> str:
        """As the shell takes it.

        >>> QUANTITIES["peak_memory"].option, QUANTITIES["int8_size"].option
        ('--memory', '--int8-size')
        """
        return f"--{self.flag.replace('_', '-')}"

    def text(self, value: float) -> str:
        """A value exactly, as the shell and a budget take it.

        >>> QUANTITIES["peak_memory"].text(4096), QUANTITIES["latency"].text(2.5)
        ('4096B', '2.5ms')
        """
        return f"{exact(value)}{self.suffix}"


def format_milliseconds(value: float) -> str:
    """
    >>> format_milliseconds(1.25), format_milliseconds(12_500)
    ('1.25 ms', '12,500 ms')
    """
    return f"{value:.3g} ms" if value < 1000 else f"{value:,.0f} ms"


def parse_percent(text: str, *, what: str = "top1") -> float:
    """
    >>> parse_percent("70.5 %")
    70.5
    """
    try:
        return float(text.rstrip("% "))
    except ValueError:
        raise FeatherboneError(f"{what} {text!r} is not a number of percent", hint="for example >70") from None


def _counted(name: str, words: str, *, short: str = "", unit: str = "") -> Quantity:
    return Quantity(
        name=name,
        words=words,
        short=short or name,
        unit=unit or words,
        parse=parse_count,
        show=format_count,
        flag=name,
        column=name,
    )


def _weighed(name: str, words: str, *, short: str = "", flag: str = "", at_most: bool = False) -> Quantity:
    return Quantity(
        name=name,
        words=words,
        short=short or words,
        unit=f"bytes of {words}",
        parse=parse_bytes,
        show=format_bytes,
        flag=flag or name,
        column=name,
        suffix="B",
        at_most=at_most,
    )


QUANTITIES = {
    quantity.name: quantity
    for quantity in (
        _counted("macs", "multiply-adds", short="MACs", unit="MACs"),
        _counted("params", "parameters"),
        _counted("activations", "activations"),
        _weighed("bytes", "bytes moved", short="bytes"),
        _weighed("peak_memory", "peak memory", flag="memory"),
        _weighed("size", "model file", at_most=True),
        _weighed("int8_size", "int8 model file", at_most=True),
        Quantity(
            name="latency",
            words="latency",
            short="latency",
            unit="ms",
            parse=parse_milliseconds,
            show=format_milliseconds,
            flag="latency",
            column="latency_ms",
            suffix="ms",
        ),
        Quantity(
            name="top1",
            words="top-1",
            short="top-1",
            unit="%",
            parse=parse_percent,
            show="{:g} %".format,
            flag="top1",
            column="val_top1",
            suffix="%",
            most_is_best=True,
        ),
    )
}
DESIGNED = ("macs", "params", "peak_memory", "size", "int8_size")  # known exactly from a design alone
LIMITED = (*DESIGNED, "latency")  # what a search can be asked to keep
NAMES = {quantity.flag: quantity.name for quantity in QUANTITIES.values()}  # by flag


def name_of(text: str, among: Iterable[str] = tuple(QUANTITIES)) -> str:
    """The name of a quantity that a person wrote, by its name or its flag, with ``-`` or ``_``.

    >>> name_of("peak-memory"), name_of("memory")
    ('peak_memory', 'peak_memory')

    Raises:
        FeatherboneError: a quantity that is not ``among`` those that have limits.
    """
    written = text.replace("-", "_")
    name = NAMES.get(written, written)
    if name not in among:
        raise FeatherboneError(f"no limit can be set on {written!r}", hint=did_you_mean(written, tuple(among)))
    return name
