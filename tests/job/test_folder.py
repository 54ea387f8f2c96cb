"""What a run folder says of its run."""

from __future__ import annotations

from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.job.folder import FILE, require_same, run_folder, write_facts
from featherbone.run_file import LEDGER, LOCK, read_facts


def test_numbers_are_a_line_and_everything_is_read_as_it_was_written(tmp_path: Path) -> None:
    facts = {
        "job": "fit",
        "result": None,
        "confusion": [[1, 0, -3], [12, 1e-09, 2.5]],
        "empty": [],
        "words": ["1", "[\n 2,\n 3\n]", "null"],
        "mixed": [1, None, True],
        "deep": [{"bins": [7]}],
    }
    write_facts(tmp_path, facts)
    found = read_facts(tmp_path)
    assert found is not None
    assert {name: found[name] for name in facts} == facts
    text = (tmp_path / FILE).read_text()
    assert "[1, 0, -3]" in text
    assert "[12, 1e-09, 2.5]" in text
    assert '"bins": [7]' in text


@pytest.mark.parametrize(
    "held", [(), (LOCK,), (".DS_Store",), (LOCK, ".hidden"), ("mine.txt", FILE), ("mine.txt", LEDGER)]
)
def test_a_folder_takes_a_run_that_holds_one_or_nothing_that_counts(tmp_path: Path, held: tuple[str, ...]) -> None:
    for name in held:
        (tmp_path / name).touch()
    assert run_folder(out=tmp_path) == tmp_path


@pytest.mark.parametrize("held", [("mine.txt",), (LOCK, "mine.txt")])
def test_a_folder_of_other_things_is_refused(tmp_path: Path, held: tuple[str, ...]) -> None:
    for name in held:
        (tmp_path / name).touch()
    with pytest.raises(FeatherboneError, match="is not empty and holds no run"):
        run_folder(out=tmp_path)
    with pytest.raises(FeatherboneError, match=r"mine.txt is a file; a run needs a folder"):
        run_folder(out=tmp_path / "mine.txt")


def test_a_run_is_named_once_and_plainly(tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match="both a name, 'a', and a folder"):
        run_folder(name="a", out=tmp_path)
    for name in ("../up", ".hidden", "", "a b", "x" * 101):
        with pytest.raises(FeatherboneError, match="is no plain folder name"):
            run_folder(name=name)
    assert run_folder("photos", name="mine") == Path("runs/mine")
    assert run_folder("my photos/", "", "taught") == Path("runs/my-photos-taught")


def test_every_difference_is_listed_also_of_what_only_one_of_them_has(tmp_path: Path) -> None:
    before = {"seed": 1, "recipe": {"epochs": 3, "clip": 1}, "gone": True}
    now = {"seed": 1, "recipe": {"epochs": 4, "clip": 1}, "new": [{"name": "a"}]}
    with pytest.raises(FeatherboneError) as refused:
        require_same(tmp_path, before, now)
    assert refused.value.sentence == (
        f"{tmp_path} holds another run: recipe.epochs was 3 and is 4; gone was True and is absent; "
        "new.1.name was absent and is a"
    )
    require_same(tmp_path, before, dict(reversed(before.items())))
