"""A cut as a line of text: it parses back, and what is none is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.search.cuts.cut_design import CutDesign, cut_design, is_cut

WORDS = st.text(alphabet="aZ09._-", min_size=1, max_size=6)


@given(
    st.builds(
        CutDesign,
        network=WORDS,
        resolution=st.integers(1, 999_999),
        dropped=st.lists(WORDS, max_size=3).map(tuple),
        kept=st.lists(st.integers(1, 999_999), max_size=5).map(tuple),
    )
)
def test_the_text_of_a_cut_parses_back(design: CutDesign) -> None:
    assert is_cut(str(design))
    assert CutDesign.parse(str(design)) == design


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("r24 | stem w8", "is no cut of a network"),
        ("cut tiny", "is no cut of a network"),
        ("cut tiny | 24", "is no cut of a network"),
        ("cut tiny | r24 | keep 8 x", "'x' is no number of channels"),
        ("cut tiny | r24 | keep 8 | keep 9", "does not know 'keep 9'"),
        ("cut tiny | r24 | lose 8", "does not know 'lose 8'"),
        ("cut tiny | r24 | drop", "does not know 'drop'"),
    ],
)
def test_what_is_no_cut_is_refused(text: str, said: str) -> None:
    with pytest.raises(FeatherboneError, match=said):
        CutDesign.parse(text)


def test_widths_that_cannot_be_cut_are_left_out() -> None:
    graph = image(3, 8).conv(8, 3, name="a").depthwise(3).act("relu").conv(4, 3, name="b").graph("tiny")
    assert cut_design("tiny", 8, ("gone",), graph, graph).kept == (8,)


def test_each_cut_has_a_file_of_its_own() -> None:
    one = CutDesign(network="tiny", resolution=24, dropped=(), kept=(8,))
    other = CutDesign(network="tiny", resolution=24, dropped=(), kept=(9,))
    assert one.key != other.key
