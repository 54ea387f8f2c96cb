"""The published figures that ship with the networks: what papers and libraries printed, and where they erred.

``published.csv`` and ``errata.csv`` lie beside the networks. Figures are in millions; each has a step, the unit of its
last printed digit, so that "4.11 G" (step 10 M) is not read as exactly 4,110,000,000.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from io import StringIO

QUANTITIES = ("params", "macs", "activations")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A published number in units, and the unit of its last digit.

    >>> figure = Figure.read("4.2", "0.1")
    >>> figure.value, figure.step, figure.agrees(4231976), figure.agrees(4250001)
    (4200000, 100000, True, False)
    """

    value: int
    step: int

    @staticmethod
    def read(millions: str, step: str) -> Figure:
        return Figure(value=int(Decimal(millions) * 10**6), step=int(Decimal(step) * 10**6))

    def agrees(self, computed: int) -> bool:
        """Whether ``computed``, rounded to the digits that were published, is this figure."""
        return 2 * abs(self.value - computed) <= self.step


@dataclass(frozen=True, kw_only=True)
class Published:
    """One row: a network as somebody named it, its figures, and the spec of our counterpart ("" where there is none).

    ``top1`` is ImageNet's top-1 accuracy in percent.
    """

    model: str
    variant: str
    width: str
    resolution: str
    params: Figure | None
    macs: Figure | None
    activations: Figure | None
    top1: float | None
    origin: str
    source: str
    network: str

    @property
    def title(self) -> str:
        return f"{self.model} {self.variant}".strip()


@dataclass(frozen=True, kw_only=True)
class Erratum:
    """A figure known to be wrong, or printed under a convention of its own, and the diagnosis."""

    model: str
    width: str
    resolution: str
    quantity: str
    published: int
    source: str
    diagnosis: str

    def concerns(self, row: Published, quantity: str, figure: Figure) -> bool:
        """Whether this is about that figure: same model, width, resolution, place and value."""
        return (
            self.model == row.model
            and self.quantity == quantity
            and self.published == figure.value
            and self.source in row.source
            and self.width in ("", row.width)
            and self.resolution in ("", row.resolution)
        )


@cache
def published() -> tuple[Published, ...]:
    """Every published row that ships with featherbone.

    >>> row = next(row for row in published() if row.network == "mobilenet_v2" and row.macs)
    >>> row.title, row.macs.value, row.top1
    ('MobileNetV2 paper', 300000000, 72.0)
    """
    return tuple(
        Published(
            params=_figure(row, "params"),
            macs=_figure(row, "macs"),
            activations=_figure(row, "activations"),
            top1=float(row["top1"]) if row["top1"] else None,
            **{key: row[key] for key in ("model", "variant", "width", "resolution", "origin", "source", "network")},
        )
        for row in _table("published.csv")
    )


@cache
def errata() -> tuple[Erratum, ...]:
    """Every known erratum that ships with featherbone."""
    return tuple(
        Erratum(
            published=int(Decimal(row["published_m"]) * 10**6),
            **{key: row[key] for key in ("model", "width", "resolution", "quantity", "source", "diagnosis")},
        )
        for row in _table("errata.csv")
    )


def _figure(row: dict[str, str], quantity: str) -> Figure | None:
    return Figure.read(row[f"{quantity}_m"], row[f"{quantity}_step"]) if row[f"{quantity}_m"] else None


def _table(name: str) -> list[dict[str, str]]:
    text = files("featherbone.networks").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(StringIO(text)))
