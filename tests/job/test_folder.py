"""What a run folder says of its run."""

from __future__ import annotations

from pathlib import Path

from featherbone.job.folder import FILE, write_facts
from featherbone.run_file import read_facts


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
