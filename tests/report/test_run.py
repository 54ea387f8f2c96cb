"""A run folder as the page reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from small_search import small_search

from featherbone.report.run import read_run


def test_of_an_epoch_that_ran_twice_the_newest_counts_and_a_line_that_was_cut_ends_the_log(
    make_run: Callable[..., Path],
) -> None:
    folder = make_run(trials=1)
    rows = [{"epoch": epoch, "val_top1": top1} for epoch, top1 in ((2, 0.5), (1, 0.25), (2, 0.75))]
    lines = [json.dumps(row) for row in (*rows, {"val_top1": 0.9})]
    (folder / "trials" / "1" / "log.jsonl").write_text("\n".join([*lines, '{"epoch": 3, "val', '{"epoch": 4}']))
    assert read_run(folder).histories[1] == (rows[1], rows[2])


def test_the_network_of_a_trial_takes_the_images_of_the_run(make_run: Callable[..., Path]) -> None:
    run = read_run(make_run(trials=1))
    graph = run.network(run.search.trials[0])
    assert graph.inputs[0].shape == (1, 16, 16)
    assert graph[graph.outputs[0]].shape == (10,)
    for unknown in ({"classes": ()}, {"channels": None}):
        record = replace(run.record, data=replace(run.record.data, **unknown))
        assert replace(run, record=record).network(run.search.trials[0]) is None


def test_designs_without_a_score_have_no_rank() -> None:
    assert [trial.id for trial in small_search().ranked] == [2, 3, 1]
