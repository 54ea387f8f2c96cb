"""A test is found by what it tests: its folder is a package, its name begins with a module or package of that place."""

from __future__ import annotations

from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
APART = ("laws", "fuzz", "helpers")  # of the whole package; damaged inputs for all readers; no tests


def mirrors(place: Path) -> bool:
    """Whether a test, by its path in ``tests``, names what it tests; the folder's own name stands for all of it."""
    room = HOUSE / ("" if place.parts[0] == "benchmarks" else "featherbone") / place.parent
    words = place.stem.split("_")[1:]
    beginnings = ["_".join(words[:end]) for end in range(1, len(words) + 1)]
    named = [name for name in beginnings if (room / f"{name}.py").is_file() or (room / name / "__init__.py").is_file()]
    return room.is_dir() and (bool(named) or room.name in beginnings)


def test_every_test_is_named_by_what_it_tests() -> None:
    tests = [path.relative_to(HOUSE / "tests") for path in (HOUSE / "tests").rglob("test_*.py")]
    assert len(tests) > 150
    assert [str(place) for place in tests if place.parts[0] not in APART and not mirrors(place)] == []


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("train/run/test_loop.py", True),
        ("cost/test_memory_of_views.py", True),
        ("networks/test_networks_golden.py", True),
        ("benchmarks/test_rarity.py", True),
        ("test_atomic.py", True),
        ("train/run/test_looping.py", False),
        ("train/test_loop.py", False),
        ("nowhere/test_nowhere.py", False),
    ],
)
def test_a_name_that_leads_nowhere_is_seen(place: str, found: bool) -> None:
    assert mirrors(Path(place)) is found
