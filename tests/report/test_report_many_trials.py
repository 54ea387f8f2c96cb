"""A page of very many trials stays a page: it draws and lists the best, and says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from featherbone.job.folder import write_facts
from featherbone.report import choice, write_report
from featherbone.report import run as report_run
from featherbone.report.choice import listed
from featherbone.report.run import read_run
from featherbone.search import Costs, Entry, Score, open_ledger


@pytest.mark.parametrize("trials", [4, 40])
def test_a_page_lists_the_best_and_says_how_many_there_are(
    trials: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (report_run, choice):
        monkeypatch.setattr(module, "LISTED", 5)
    with open_ledger(tmp_path) as ledger:
        costs = [Costs(macs=1000 + n, params=1, peak_memory=4096, size=800) for n in range(trials)]
        ledger.add([Entry(design=f"design {n}", origin="random", costs=each) for n, each in enumerate(costs, start=1)])
        for trial in range(1, trials + 1):
            score = Score(epochs=2, val_top1=trial * 7 % trials / trials, val_loss=1.0, seconds=1.0)
            attempt = ledger.begin(trial, 0, "here")
            ledger.reach(attempt, trial, 0, score, worker="here", seconds=1.0, state="paused")
            (tmp_path / "trials" / str(trial)).mkdir(parents=True)
            (tmp_path / "trials" / str(trial) / "log.jsonl").write_text('{"epoch": 1, "val_top1": 0.5}\n')
    facts = {"name": "x", "counts": {}, "warnings": [], "skipped": []}
    write_facts(tmp_path, {"job": "fit", "command": ["featherbone"], "budget": {}, "data": facts, "result": None})
    run = read_run(tmp_path)
    shown = {trial.id for trial in listed(run)}
    best = {trial.id for trial in run.ranked[:5]}
    assert run.search.answer is not None
    fronts = {point.trial for front in run.search.answer.fronts.values() for point in front}
    assert shown == (best | fronts if trials > 5 else set(range(1, trials + 1)))
    assert {number for number, history in run.histories.items() if history} == (best if trials > 5 else shown)
    outsider = next((trial for trial in run.search.trials if trial.id not in shown), run.search.trials[0])
    monkeypatch.setattr(choice, "chosen", lambda _: outsider)
    assert {trial.id for trial in listed(run)} == shown | {outsider.id}
    monkeypatch.undo()
    for module in (report_run, choice):
        monkeypatch.setattr(module, "LISTED", 5)
    write_report(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert (f"best of {trials} designs" in page) == (trials > 5)
    rows = re.findall(r"<code>design (\d+)</code></td>|<code>design (\d+)</code><br>", page)
    assert {int(one or other) for one, other in rows} == shown
