"""The one printer: closed forms as JavaScript, so that no cost is written a second time by hand.

JavaScript computes with doubles, in which whole numbers up to 2^53 are exact. So a form is printed as one quotient of
polynomials with whole coefficients: the quotient is exact wherever the block can be built.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from featherbone.graph import Dim

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
ORDER = "KSptMNIG"  # of letters in a product, as the papers write it


def function(letters: Sequence[str], rows: Sequence[Sequence[Dim]]) -> str:
    """A function of these letters that gives the rows as arrays of numbers.

    >>> from featherbone.graph import symbols
    >>> M, N, t = symbols("M N t")
    >>> function(["M", "N", "t"], [[M, M * N / t]])
    '(M,N,t)=>[[M,(M*N)/(t)]]'
    """
    return f"({','.join(letters)})=>[{','.join('[' + ','.join(map(expression, row)) + ']' for row in rows)}]"


def expression(value: Dim) -> str:
    """A size or cost as JavaScript: sums and products of whole numbers and letters, over one divisor at most.

    >>> from featherbone.graph import symbols
    >>> M, N, K = symbols("M N K")
    >>> expression(K**2 * M + M * N), expression(7), expression(M / N + M / 2)
    ('K*K*M+M*N', '7', '(M*N+2*M)/(2*N)')
    """
    if isinstance(value, int):
        return str(value)
    import sympy

    above, below = sympy.fraction(sympy.together(sympy.sympify(value)))
    text = _sum(sympy.expand(above))
    return text if below == 1 else f"({text})/({_sum(sympy.expand(below))})"


def formula_text(value: Dim) -> str:
    """A form as people read it, in letters of one character that a page can put numbers in for.

    >>> from featherbone.graph import symbols
    >>> M, N, K, t = symbols("M N K t")
    >>> formula_text(K**2 * M + M * N / t), formula_text(M * N**2 / (2 * t))
    ('K²·M + M·N/t', 'M·N²/(2·t)')
    """
    if isinstance(value, int):
        return str(value)
    import sympy

    terms = sorted(
        map(_readable, sympy.expand(value).as_ordered_terms()), key=lambda term: (term[0] == "−", "K" not in term)
    )
    return " + ".join(terms).replace("+ −", "− ")


def _readable(term: Any) -> str:
    import sympy

    above, below = sympy.fraction(term)
    sign = "−" if above.could_extract_minus_sign() else ""
    return sign + _factors(abs(above.as_coeff_Mul()[0]) * above.as_coeff_Mul()[1]) + _divisor(_factors(below))


def _divisor(factors: str) -> str:
    if factors == "1":
        return ""
    return f"/({factors})" if "·" in factors else f"/{factors}"


def _factors(product: Any) -> str:
    import sympy

    factors = [each.as_base_exp() for each in sympy.Mul.make_args(product)]
    written = [f"{base}{str(power).translate(SUPERSCRIPTS) if power != 1 else ''}" for base, power in factors]
    return "·".join(sorted(written, key=lambda factor: ORDER.find(factor[0])))


def _sum(polynomial: Any) -> str:
    text = "+".join(_product(term) for term in polynomial.as_ordered_terms())
    return text.replace("+-", "-")


def _product(term: Any) -> str:
    coefficient, rest = term.as_coeff_Mul()
    if not coefficient.is_Integer:
        raise AssertionError(f"{term} has the coefficient {coefficient}, which is no whole number")
    factors: list[str] = []
    for factor in rest.as_ordered_factors():
        base, exponent = factor.as_base_exp()
        if base == 1:
            continue
        if not (base.is_Symbol and exponent.is_Integer and exponent > 0):
            raise AssertionError(f"{factor} is no power of a letter")
        factors += [str(base)] * int(exponent)
    sign = "-" if coefficient < 0 else ""
    if abs(coefficient) != 1 or not factors:
        factors.insert(0, str(abs(coefficient)))
    return sign + "*".join(factors)
