"""The figures of a cost page add up, scope by scope."""

from __future__ import annotations

import re

import pytest

from featherbone.cost import count
from featherbone.cost.table import cost_table
from featherbone.networks import network
from featherbone.report.cost_page import SHOWN, figure, render


@pytest.mark.parametrize("kind", ["treemap", "icicle"])
def test_a_scope_costs_what_is_in_it_and_the_network_all(kind: str) -> None:
    table = cost_table(count(network("mobilenet_v2")))
    drawn = figure(table, kind)
    (trace,) = drawn["data"]
    places = {name: place for place, name in enumerate(trace["ids"])}
    (root,) = [place for place, parent in enumerate(trace["parents"]) if not parent]
    assert trace["labels"][root] == "mobilenet_v2"
    operators = {line.name for line in table.lines}
    for choice, quantity in zip(drawn["choices"], SHOWN, strict=True):
        (values,) = choice["data"]["values"]
        assert choice["label"] == quantity.words
        assert values[root] == table.total(quantity.name)
        inside = dict.fromkeys(trace["ids"], 0)
        for place, parent in enumerate(trace["parents"]):
            if parent:
                inside[parent] += values[place]
        assert all(values[places[name]] == inside[name] for name in trace["ids"] if name not in operators)
    assert trace["values"] == drawn["choices"][0]["data"]["values"][0]


def test_what_is_pointed_at_is_told_with_its_share() -> None:
    table = cost_table(count(network("cifar_resnet20")))
    (trace,) = figure(table, "icicle")["data"]
    place = trace["ids"].index("stem.conv") if "stem.conv" in trace["ids"] else 1
    line = next(line for line in table.lines if line.name == trace["ids"][place])
    said = trace["customdata"][place]
    assert f"multiply-adds, {100 * line.macs / table.total('macs'):.1f} %" in said
    assert f"{line.macs / line.bytes:.2f} multiply-adds a byte" in said
    kinds = {line.name: line.description.split(" ")[0] for line in table.lines}
    colours = dict(zip(trace["ids"], trace["marker"]["colors"], strict=True))
    assert {colours[name] for name, kind in kinds.items() if kind == "conv"} == {"var(--chip-conv)"}
    assert {colours[name] for name, kind in kinds.items() if kind == "linear"} == {"var(--chip-linear)"}


def test_the_page_lists_every_operator_however_the_table_is_folded() -> None:
    counted = count(network("cifar_resnet20"))
    whole, folded = (
        re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "", render(cost_table(counted, depth=depth))) for depth in (None, 1)
    )
    rows = [len(re.findall(r"<tr", page)) for page in (whole, folded)]
    assert rows[0] == rows[1]
    assert rows[0] > len(counted.rows)
