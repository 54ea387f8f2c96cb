"""How a table of costs gives way where the terminal is narrow."""

import pytest

from featherbone.cli.cost.output import NARROWEST, _fitted
from featherbone.cli.output import GAP
from featherbone.cost.columns import columns

COLUMNS = columns(["name", "what", "writes"])
WIDTHS = (40, 20, 10)
CELLS = [["n" * WIDTHS[0], "w" * WIDTHS[1], "1×2"], ["short", "short", "x" * WIDTHS[2]]]
WHOLE = sum(WIDTHS) + GAP * len(WIDTHS)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (0, (40, 20, 10)),
        (10, (30, 20, 10)),  # the widest gives first
        (26, (NARROWEST, 20, 10)),
        (29, (NARROWEST, 17, 10)),
        (99, (NARROWEST, NARROWEST, 10)),  # shapes and digits are never cut
    ],
)
def test_names_and_descriptions_give_way_the_widest_first(missing, expected):
    found = _fitted(CELLS, COLUMNS, WHOLE - missing)
    assert tuple(max(map(len, column)) for column in zip(*found, strict=True)) == expected
    assert [row[2] for row in found] == [row[2] for row in CELLS]
    assert found[1][:2] == ["short", "short"]
