"""A run folder as the page reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from featherbone.report.run import read_run


def test_of_an_epoch_that_ran_twice_the_newest_counts_and_a_line_that_was_cut_ends_the_log(
    make_run: Callable[..., Path],
) -> None:
    folder = make_run(trials=1)
    rows = [{"epoch": epoch, "val_top1": top1} for epoch, top1 in ((2, 0.5), (1, 0.25), (2, 0.75))]
    lines = [json.dumps(row) for row in (*rows, {"val_top1": 0.9})]
    (folder / "trials" / "1" / "log.jsonl").write_text("\n".join([*lines, '{"epoch": 3, "val', '{"epoch": 4}']))
    assert read_run(folder).histories[1] == (rows[1], rows[2])
