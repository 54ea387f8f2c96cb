"""Every published figure against our own count, with a verdict that is computed.

``agree`` means that the count, rounded to the digits that were published, is the published figure; nothing else does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from featherbone.cost.alternatives import ALTERNATIVES
from featherbone.cost.count import count
from featherbone.cost.published import QUANTITIES, Figure, Published, errata, published
from featherbone.graph import Graph

AGREE = "agree"
CONVENTION = "convention differs"
ERRATUM = "erratum"
CANNOT_SAY = "can't say"
VERDICTS = (AGREE, CONVENTION, ERRATUM, CANNOT_SAY)
USUAL_RESOLUTIONS = (224, 227, 299)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a published figure is worth: the row, the figure, our count, and one of ``VERDICTS`` with its reason.

    >>> from featherbone.cost.published import published
    >>> verdict = verify(published()[:1])[0]
    >>> verdict.verdict in VERDICTS
    True

    ``published`` and ``computed`` are in units (not millions); ``network`` is the spec of our counterpart.
    """

    model: str
    variant: str
    source: str
    network: str
    quantity: str
    published: int | None
    computed: int | None
    verdict: str
    reason: str


def verify(table: Sequence[Published] | None = None) -> list[Verdict]:
    """A verdict for each figure of each row; the rows that ship with featherbone unless given.

    >>> from featherbone.cost.published import published
    >>> rows = [row for row in published() if row.network == "mobilenet_v1:width=0.75" and "paper" in row.source]
    >>> [(verdict.quantity, verdict.published, verdict.computed, verdict.verdict) for verdict in verify(rows)]
    [('params', 2600000, 2585560, 'agree'), ('macs', 325000000, 325400448, 'agree')]

    Raises:
        FeatherboneError: a row names a network, or a setting, that does not exist.
    """
    return [verdict for row in (published() if table is None else table) for verdict in _row(row)]


def summary(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many verdicts of each kind."""
    found = Counter(verdict.verdict for verdict in verdicts)
    return {kind: found[kind] for kind in VERDICTS}


def _row(row: Published) -> list[Verdict]:
    figures = {quantity: getattr(row, quantity) for quantity in QUANTITIES}
    if not any(figures.values()):
        return [_verdict(row, "top1", None, None, CANNOT_SAY, "only top-1 is published, which no count can check")]
    return [_figure(row, quantity, figure) for quantity, figure in figures.items() if figure is not None]


def _figure(row: Published, quantity: str, figure: Figure) -> Verdict:
    if not row.network:
        return _verdict(row, quantity, figure, None, CANNOT_SAY, "featherbone has no counterpart of this network")
    computed = _counted(row.network, quantity)
    if figure.agrees(computed):
        return _verdict(row, quantity, figure, computed, AGREE, "")
    reasons = _reasons(row, quantity, figure, computed)
    known = next((erratum.diagnosis for erratum in errata() if erratum.concerns(row, quantity, figure)), None)
    if known is not None:
        computed_too = f" (computed: {' or '.join(reasons)})" if reasons else ""
        return _verdict(row, quantity, figure, computed, ERRATUM, known + computed_too)
    if reasons:
        return _verdict(row, quantity, figure, computed, CONVENTION, " or ".join(reasons))
    share = (figure.value - computed) / computed
    unexplained = f"differs by {share:+.1%}, and no documented convention gives this figure"
    return _verdict(row, quantity, figure, computed, CANNOT_SAY, unexplained)


def _reasons(row: Published, quantity: str, figure: Figure, computed: int) -> list[str]:
    """Every documented way of counting, or of rounding, that gives the published figure.

    What a known tool printed can only be explained by that tool's own rules.
    """
    place = f"{row.origin} {row.source}"
    own = [alternative for alternative in ALTERNATIVES[quantity] if alternative.tool and alternative.tool in place]
    tried = own or [alternative for alternative in ALTERNATIVES[quantity] if not alternative.tool]
    found = [alternative.name for alternative in tried if _fits(figure, alternative.count(_graph(row.network)))]
    if own:
        return found[:1]
    if computed // figure.step * figure.step == figure.value:
        found.append("floored instead of rounded")
    if _two_digits(computed) == figure.value:
        found.append("rounded to two digits")
    if quantity != "params":
        found += [
            f"counted at resolution {side}"
            for side in USUAL_RESOLUTIONS
            if side != _graph(row.network).input_shape[-1] and figure.agrees(_counted(_at(row.network, side), quantity))
        ]
    return found


def _fits(figure: Figure, value: int | None) -> bool:
    return value is not None and figure.agrees(value)


def _two_digits(value: int) -> int:
    """``value`` with all but its first two digits rounded away: 142,633,728 becomes 140,000,000."""
    return round(value, 2 - len(str(value)))


def _at(spec: str, side: int) -> str:
    name, _, settings = spec.partition(":")
    others = [part for part in settings.split(",") if part and not part.startswith("resolution=")]
    return f"{name}:{','.join([*others, f'resolution={side}'])}"


@cache
def _graph(spec: str) -> Graph:
    from featherbone.networks import network

    return network(spec)


@cache
def _counted(spec: str, quantity: str) -> int:
    return int(getattr(count(_graph(spec)), quantity))


def _verdict(
    row: Published, quantity: str, figure: Figure | None, computed: int | None, verdict: str, reason: str
) -> Verdict:
    return Verdict(
        model=row.model,
        variant=row.variant,
        source=row.source,
        network=row.network,
        quantity=quantity,
        published=None if figure is None else figure.value,
        computed=computed,
        verdict=verdict,
        reason=reason,
    )
