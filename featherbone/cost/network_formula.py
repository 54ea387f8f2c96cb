"""The closed form of a whole network in its width multiplier α and its resolution I, checked against counts.

The network's own function is built with symbols. Two things are then taken as exact that numbers may round: channels
(α·24 instead of the nearest multiple of 8) and sides (I/2 instead of its floor). So the form holds where the rounding
does nothing: at resolutions that the strides divide, multiples of 32 for most networks, and at widths that give whole
(or already rounded) channels. Where it was tried, and where it held, is part of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from featherbone.cost.count import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, symbols

if TYPE_CHECKING:
    import sympy

ALPHA, SIDE = "alpha", "I"
WIDTHS = (Fraction(1), Fraction(3, 4), Fraction(1, 2), Fraction(1, 4))
STRIDES = 32  # what the strides of most networks multiply to


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A width (``None`` where it is fixed) and a resolution at which the form was compared with the count."""

    width: float | None
    resolution: int
    holds: bool


@dataclass(frozen=True, kw_only=True)
class NetworkFormula:
    """Multiply-adds and parameters in α and I, and the samples at which they were checked.

    >>> found = network_formula("mobilenet_v1")
    >>> len(found.held) == len(found.checked)
    True
    """

    name: str
    macs: sympy.Expr
    parameters: sympy.Expr
    checked: tuple[Sample, ...]

    @property
    def held(self) -> tuple[Sample, ...]:
        """The samples at which multiply-adds and parameters are exactly the counts."""
        return tuple(sample for sample in self.checked if sample.holds)

    def at(self, *, width: float | Fraction = 1, resolution: int) -> tuple[Any, Any]:
        """Multiply-adds and parameters with numbers for the letters.

        >>> network_formula("mobilenet_v1").at(width=0.5, resolution=160)
        (76524800, 1331592)
        """
        import sympy

        alpha, side = symbols(f"{ALPHA} {SIDE}")
        numbers = {alpha: sympy.Rational(str(Fraction(str(width)))), side: resolution}
        return self.macs.subs(numbers), self.parameters.subs(numbers)

    def latex(self) -> str:
        import sympy

        text: str = sympy.latex(self.macs)
        return text

    def to_json(self) -> dict[str, Any]:
        return {
            "network": self.name,
            "macs": str(self.macs),
            "parameters": str(self.parameters),
            "latex": self.latex(),
            "checked": [
                {"width": sample.width, "resolution": sample.resolution, "holds": sample.holds}
                for sample in self.checked
            ],
        }


def network_formula(name: str, **settings: Any) -> NetworkFormula:
    """The closed form of a network of the zoo.

    >>> form = network_formula("mobilenet_v1")
    >>> form.macs
    10752*I**2*alpha**2 + 1125*I**2*alpha/2 + 1024000*alpha
    >>> all(sample.holds for sample in form.checked)
    True
    >>> network_formula("mobilenet_v2").held[0], len(network_formula("mobilenet_v2", divisor=1).held)
    (Sample(width=1.0, resolution=192, holds=True), 12)

    ``settings`` are the network's other ones; a ``width`` among them is fixed. MobileNetV2 rounds its channels to
    multiples of 8, so its form holds at width 1, and at the others with ``divisor=1``.

    Raises:
        FeatherboneError: an unknown network or setting, or one whose widths are a table and not a multiplier.
    """
    import sympy

    from featherbone.networks import NETWORKS, network

    alpha, side = symbols(f"{ALPHA} {SIDE}")
    in_width = name in NETWORKS and "width" in NETWORKS[name].settings and "width" not in settings
    letters = {"resolution": side, **({"width": alpha} if in_width else {})}
    try:
        cost = count(network(name, **settings, **letters))
    except FeatherboneError as error:
        if in_width and "width" in error.sentence:
            raise FeatherboneError(
                f"{name} has no closed form in its width: {error.sentence}", hint="fix it, such as width=1.0"
            ) from None
        raise
    form = NetworkFormula(name=name, macs=sympy.expand(cost.macs), parameters=sympy.expand(cost.params), checked=())
    usual = network(name, **settings).input_shape[1]
    around = [usual // STRIDES * STRIDES + offset for offset in (-STRIDES, 0, STRIDES)]
    checked = tuple(
        _sample(form, name, settings, width, resolution)
        for width in (WIDTHS if in_width else (None,))
        for resolution in around
        if resolution > 0
    )
    return replace(form, checked=checked)


def _sample(
    form: NetworkFormula, name: str, settings: dict[str, Any], width: Fraction | None, resolution: int
) -> Sample:
    from featherbone.networks import network

    chosen = {} if width is None else {"width": float(width)}
    built: Graph = network(name, **settings, **chosen, resolution=resolution)
    cost = count(built)
    holds = form.at(width=width or 1, resolution=resolution) == (cost.macs, cost.params)
    return Sample(width=None if width is None else float(width), resolution=resolution, holds=holds)
