"""The one table of quantities: what it names exists, and what it writes it reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featherbone.errors import FeatherboneError
from featherbone.quantities import DESIGNED, LIMITED, NAMES, QUANTITIES, Quantity, name_of
from featherbone.run_record import limits_set
from featherbone.search import Budget, Costs
from featherbone.search.costs.batch import BatchCosts
from featherbone.search.record.schema import SCHEMA


def test_budgets_costs_and_the_ledger_have_these_quantities_and_no_others() -> None:
    assert tuple(field.name for field in fields(Budget)) == LIMITED
    assert tuple(field.name for field in fields(Costs)) == LIMITED
    assert tuple(field.name for field in fields(BatchCosts)) == DESIGNED
    with closing(sqlite3.connect(":memory:")) as ledger:
        ledger.executescript(SCHEMA)
        columns = {row[1] for row in ledger.execute("PRAGMA table_info(trial)")}
    assert {QUANTITIES[name].column for name in (*LIMITED, "top1")} <= columns


@pytest.mark.parametrize("quantity", [each for each in QUANTITIES.values() if each.name != "top1"])
@given(value=st.integers(1, 10**12))
def test_what_is_written_is_read(quantity: Quantity, value: int) -> None:
    assert quantity.parse(quantity.text(value)) == value


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_quantity_is_found_by_its_name_and_its_flag(name: str) -> None:
    flag = QUANTITIES[name].flag
    assert {name_of(text) for text in (name, name.replace("_", "-"), flag, flag.replace("_", "-"))} == {name}
    assert NAMES[flag] == name


def test_an_unknown_quantity_is_refused_with_the_closest() -> None:
    with pytest.raises(FeatherboneError, match=r"'peak_memori' \(did you mean peak_memory"):
        name_of("peak-memori")
    with pytest.raises(FeatherboneError, match="'top1'"):
        name_of("top1", LIMITED)


def test_a_budget_is_kept_by_its_flags_and_read_by_its_names() -> None:
    budget = Budget.read("params<=20k memory<=4KiB latency<=2.5ms", threads=2)
    kept = budget.to_json()
    assert list(kept) == [QUANTITIES[name].flag for name in LIMITED]
    assert kept["memory"] == 4096
    assert kept["latency"] == {"ms": 2.5, "runtime": "onnxruntime", "threads": 2}
    assert limits_set(kept) == budget.limits() == {"params": 20_000, "peak_memory": 4096, "latency": 2.5}
