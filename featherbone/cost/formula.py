"""The closed form of a block: its own function, built with symbols instead of numbers, and counted.

There is no second cost function to keep in step: ``count`` reads the same graph that ``module`` computes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from featherbone.cost.convention import PAPERS, Convention
from featherbone.cost.count import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Wire, image, symbols
from featherbone.graph.dimension import volume

if TYPE_CHECKING:
    import sympy

    from featherbone.blocks.registry import Block


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A block's cost in letters: M channels in, N out, K the kernel's side, S a second one's, I the input's side,
    G groups, t a reduction or expansion, p a share.

    >>> formula("depthwise_separable").per_position
    K**2*M + M*N

    ``per_position`` is the multiply-adds for each position that the block writes; ``ratio`` compares the block with
    the standard convolution, K·K·M·N·I·I. Quotients such as N/t are exact: the formula holds where the division does.
    Where a function builds less at a special value (the inverted residual has no expansion at t = 1), the formula is of
    the general case.
    """

    name: str
    macs: sympy.Expr
    parameters: sympy.Expr
    per_position: sympy.Expr
    ratio: sympy.Expr

    def at(self, **values: int | float) -> tuple[Any, Any]:
        """Multiply-adds and parameters with numbers for the letters.

        >>> formula("depthwise_separable").at(M=32, N=64, K=3, I=112)
        (29302784, 2528)
        """
        numbers = {symbols(letter)[0]: value for letter, value in values.items()}
        return self.macs.subs(numbers), self.parameters.subs(numbers)

    def latex(self) -> str:
        """The multiply-adds per position, for a paper.

        >>> formula("depthwise_separable").latex()
        'K^{2} M + M N'
        """
        import sympy

        text: str = sympy.latex(self.per_position)
        return text

    def to_json(self) -> dict[str, str]:
        return {
            "block": self.name,
            "macs": str(self.macs),
            "parameters": str(self.parameters),
            "per_position": str(self.per_position),
            "ratio": str(self.ratio),
            "latex": self.latex(),
        }


def formula(block: str | Callable[..., Wire], convention: Convention = PAPERS, **settings: Any) -> Formula:
    """The closed form of a block of ``featherbone.blocks``, or of a function of your own.

    >>> formula("depthwise_separable").per_position
    K**2*M + M*N
    >>> formula("depthwise_separable").ratio
    1/N + K**(-2)
    >>> formula("fire", K=3, p=0).per_position
    M*N/t + N**2/t
    >>> formula(lambda x, out: x.conv(out, 5, stride=2), name="halving").macs
    25*I**2*M*N/4

    ``settings`` replace letters of the block's formula by numbers (``K=3``) or give its function's other arguments
    (``stride=2``). A function of your own is called as ``f(x, N)`` or ``f(x)``; x is an image of M channels and side I.

    Raises:
        FeatherboneError: an unknown block; settings that its function refuses.
    """
    import sympy

    M, N, K, I = symbols("M N K I")  # noqa: E741  # the field's letters
    known = _known(block)
    if known is not None:
        letters = {letter: settings.pop(letter, symbols(letter)[0]) for letter in known.letters()}
        name, wire = known.name, replace(known, fixed={**known.fixed, **settings}).build(**letters)
        M, I = letters["M"], letters["I"]  # noqa: E741
        K, N = letters.get("K", K), letters.get("N", M)
    else:
        if not callable(block):
            raise FeatherboneError(f"{block!r} is no block", hint="give a block's name or a function of a wire")
        name = settings.pop("name", getattr(block, "__name__", "block"))
        wire = block(image(M, I), *([N] if _takes_channels(block, settings) else []), **settings)
    cost = count(wire.graph(name), convention)
    macs, parameters = sympy.expand(cost.macs), sympy.expand(cost.params)
    positions = volume(wire.sides) if wire.sides else 1
    return Formula(
        name=name,
        macs=macs,
        parameters=parameters,
        per_position=sympy.expand(macs / positions),
        ratio=sympy.expand(macs / (K**2 * M * N * I**2)),
    )


def _known(block: str | Callable[..., Wire]) -> Block | None:
    from featherbone.blocks.registry import BLOCKS
    from featherbone.blocks.registry import block as by_name

    if isinstance(block, str):
        return by_name(block)
    return next((known for known in BLOCKS.values() if known.function is block), None)


def _takes_channels(function: Callable[..., Wire], settings: dict[str, Any]) -> bool:
    """Whether a second argument, the channels out, is still to be given."""
    places = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return len(places) > 1 and places[1].name not in settings
