"""The closed forms that the papers print come out of the blocks' own code, and hold with numbers too."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from featherbone.blocks.registry import BLOCKS
from featherbone.cost import count
from featherbone.cost.formula import formula
from featherbone.errors import FeatherboneError
from featherbone.graph import Wire, scope, symbols

PER_POSITION = {
    "standard": "K**2*M*N",
    "grouped": "K**2*M*N/G",
    "asymmetric": "K*M*N + K*N**2",
    "fire": "M*N/t + (N/t)*(1 - p)*N + K**2*(N/t)*p*N",
    "bottleneck": "M*N/t + K**2*N**2/t**2 + N**2/t",
    "resnext": "M*N/t + K**2*N**2/(G*t**2) + N**2/t",
    "depthwise_separable": "K**2*M + M*N",
    "separable": "M*N + K**2*N",
    "shuffle_unit": "M*N/(G*t) + K**2*N/t + N**2/(G*t)",
    "inverted_residual": "t*M**2 + K**2*t*M + t*M*N",
}


@pytest.mark.parametrize("name", PER_POSITION)
def test_the_closed_form_is_the_papers(name: str) -> None:
    letters = {letter: symbols(letter)[0] for letter in "MNKIGtp"}
    published = sympy.sympify(PER_POSITION[name], locals=letters)
    found = formula(name)
    assert sympy.expand(found.per_position - published) == 0
    assert sympy.expand(found.macs - published * letters["I"] ** 2) == 0
    assert sympy.simplify(found.ratio - published / (letters["K"] ** 2 * letters["M"] * letters["N"])) == 0


@settings(deadline=None)
@given(
    name=st.sampled_from(sorted(BLOCKS)),
    quarter=st.integers(1, 6),
    wide=st.integers(1, 6),
    kernel=st.sampled_from([1, 3, 5]),
    side=st.integers(5, 20),
    t=st.sampled_from([2, 4]),  # at 1 the inverted residual has no expansion: not the formula's case
    groups=st.sampled_from([1, 2, 4]),
    quarters_large=st.integers(1, 3),
)
def test_symbols_then_numbers_is_numbers(
    name: str, quarter: int, wide: int, kernel: int, side: int, t: int, groups: int, quarters_large: int
) -> None:
    values: dict[str, float] = {"M": 16 * quarter, "N": 16 * wide, "K": kernel, "S": 3, "I": side, "t": t, "G": groups}
    values["p"] = quarters_large / 4
    block = BLOCKS[name]
    chosen = {letter: values[letter] for letter in block.letters()}
    built = count(block.build(**chosen).graph(name))
    exact = {letter: sympy.nsimplify(value) for letter, value in chosen.items()}
    assert formula(name).at(**exact) == (built.macs, built.params)


def test_rows_of_a_symbolic_graph_hold_after_substitution_too() -> None:
    block = BLOCKS["inverted_residual"]
    values = {"M": 8, "N": 24, "K": 3, "I": 14, "t": 6}
    symbolic = count(block.build(**{letter: symbols(letter)[0] for letter in values}).graph("b"))
    numbers = {symbols(letter)[0]: value for letter, value in values.items()}
    built = count(block.build(**values).graph("b"))
    for row, expected in zip(symbolic.rows, built.rows, strict=True):
        assert [sympy.sympify(v).subs(numbers) for v in (row.params, row.macs, row.activations)] == [
            expected.params,
            expected.macs,
            expected.activations,
        ]


def test_a_function_of_your_own() -> None:
    def halves(x: Wire, out: int, *, kernel: int = 3) -> Wire:
        with scope("first"):
            y = x.conv(out, (kernel, 1))
        return y.conv(out, (1, kernel), stride=2)

    M, N, I = symbols("M N I")  # noqa: E741
    found = formula(halves, kernel=3)
    assert found.name == "halves"
    assert sympy.expand(found.macs - (3 * M * N * I**2 + 3 * N**2 * I**2 / 4)) == 0


def test_the_registered_function_itself_is_known() -> None:
    assert formula(BLOCKS["fire"].function).per_position == formula("fire").per_position


def test_numbers_take_the_place_of_letters() -> None:
    half = sympy.Rational(1, 2)
    assert formula("fire", K=3, p=half, t=8).macs == formula("fire").macs.subs(
        {symbols(letter)[0]: value for letter, value in (("K", 3), ("p", half), ("t", 8))}
    )


def test_an_unknown_block_names_the_closest() -> None:
    with pytest.raises(FeatherboneError, match="did you mean fire"):
        formula("fier")


def test_what_is_no_block_is_refused() -> None:
    with pytest.raises(FeatherboneError, match="3 is no block"):
        formula(3)
