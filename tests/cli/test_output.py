"""Tables on terminals of any width: words give way, numbers never do. JSON that every reader takes."""

import json
import math

import pytest

from featherbone.cli.output import print_json, print_table
from featherbone.view import View

COLUMNS = ("network", "whose", "params", "MACs", "layers")
LONG = "exports/of/last/week/mobilenet_v2_with_a_new_head.onnx"
ROWS = [(LONG, "one that somebody exported", "3,504,872 +12%", "300,774,272 -4%", "53"), ("b", "", "1", "2", "3")]


def printed(monkeypatch, capsys, width: int | None) -> list[str]:
    if width is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", str(width))
    print_table("costs", COLUMNS, ROWS, left=2)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 150, None])
def test_numbers_are_whole_and_names_complete_at_any_width(monkeypatch, capsys, width):
    lines = printed(monkeypatch, capsys, width)
    for number in ROWS[0][2:]:
        assert any(number in line for line in lines), number
    names = "".join(line[1:].split("  ")[0] for line in lines if "─" not in line)
    assert LONG in names.replace(" ", "")
    assert "…" not in "".join(lines)


def test_a_pipe_is_as_wide_as_columns_says(monkeypatch, capsys):
    assert max(map(len, printed(monkeypatch, capsys, 90))) <= 90
    assert 90 < max(map(len, printed(monkeypatch, capsys, None))) <= 100
    assert max(map(len, printed(monkeypatch, capsys, 180))) > 100


def test_json_holds_values_of_dataclasses_and_no_number_that_json_does_not_have(capsys):
    print_json({"view": View(crop=0.875)})
    assert json.loads(capsys.readouterr().out) == {"view": {"crop": 0.875, "interpolation": "bilinear"}}
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json([math.inf])
    with pytest.raises(TypeError):
        print_json(object())
    assert capsys.readouterr().out == ""
