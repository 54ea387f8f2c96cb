"""A search with pretrained networks, whole: cuts compete, limits hold, a run goes on as if never stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from featherbone.cli.run_output import print_run
from featherbone.errors import FeatherboneError
from featherbone.job import FitRequest, run_fit
from featherbone.job.pretrained import tuning
from featherbone.job.pretrained.start import PretrainedStart
from featherbone.nn import load_model, save_model
from featherbone.progress import Event, Noticed, Step, TrialScored
from featherbone.run_file import read_record
from featherbone.search import Budget, Limits, costs_of
from featherbone.search.cuts.cut_design import CutDesign, is_cut
from featherbone.search.cuts.cut_file import cut_file, load_cut
from featherbone.search.executors import CheckpointMissing
from featherbone.search.record.search_record import read_search
from tests.job.pretrained.conftest import pretrained_model, residual

BUDGET = Budget(macs=60_000, params=2_500)
SETTING = "channels_last, float32, 1 thread"


def asking(file: Path, out: Path, **more: Any) -> FitRequest:
    asked: dict[str, Any] = {"trials": 4, "epochs": 2, "setting": SETTING, "teacher_views": 1, "budget": BUDGET}
    return FitRequest(source="digits", pretrained=(str(file),), out=out, **{**asked, **more})


@pytest.fixture(scope="module", autouse=True)
def _briefly() -> Any:
    """Fine-tuning is short here."""
    decided = tuning._decided

    def briefly(*given: Any) -> dict[str, Any]:
        return {**decided(*given), "epochs": 2}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "_decided", briefly)
        yield


@pytest.fixture(scope="module")
def run(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_fit(asking(file, tmp_path_factory.mktemp("runs") / "whole"))


def test_cuts_compete_with_designs_and_keep_the_budget(run: Path) -> None:
    found = read_search(run)
    cuts = [trial for trial in found.trials if trial.origin == "cut"]
    assert cuts
    assert len(cuts) < len(found.trials), "designs from nothing compete too"
    assert all(trial.rung >= 0 for trial in cuts)
    for trial in cuts:
        assert is_cut(trial.design)
        graph = load_cut(run, trial.design).graph
        costs = costs_of(graph)
        assert (costs.macs, costs.params) == (trial.macs, trial.params)
        assert not BUDGET.breaches(replace(costs, size=trial.size))
    assert {CutDesign.parse(trial.design).network for trial in cuts} == {"reader"}


def test_the_uncut_network_teaches_and_is_shown_beside(run: Path) -> None:
    record = read_record(run)
    assert record is not None
    assert record.teacher is not None
    assert record.pretrained[0].name == "reader"
    assert (record.pretrained[0].val_top1 or 0) > 0.5
    assert record.compared[0].name == "reader uncut"
    assert record.result is not None
    assert record.compared[1].test_top1 == record.result.test_top1


def test_a_cut_that_wins_says_where_its_channels_went(run: Path) -> None:
    record, search = read_record(run), read_search(run)
    assert record is not None
    assert search.leader is not None
    page = (run / "report.html").read_text()
    if is_cut(search.leader.design):
        assert record.cut is not None
        assert "Where channels went" in page
    assert "Before and after" in page
    assert "reader uncut" in page
    print_run(run, never_saw="the search never saw", json=False)


def test_a_finished_search_is_left_as_it_is(run: Path, file: Path) -> None:
    before = (run / "run.json").read_bytes()
    run_fit(asking(file, run))
    assert (run / "run.json").read_bytes() == before


def stop_at(moment: Callable[[Event], bool], told: list[str]) -> Callable[[Event], None]:
    def watch(event: Event) -> None:
        if isinstance(event, Noticed):
            told.append(event.sentence)
        if moment(event):
            raise KeyboardInterrupt

    return watch


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (lambda event: isinstance(event, Step) and event.name == "cut", "reader is fine-tuned uncut for "),
        pytest.param(
            lambda event: isinstance(event, TrialScored) and event.trial == 2, "1 cut made in ", marks=pytest.mark.long
        ),
    ],
)
def test_a_search_that_was_stopped_ends_as_one_that_was_not(
    run: Path, file: Path, tmp_path: Path, moment: Callable[[Event], bool], said: str
) -> None:
    request, told = asking(file, tmp_path / "run"), list[str]()
    with pytest.raises(KeyboardInterrupt):
        run_fit(request, stop_at(moment, told))
    assert any(sentence.startswith(said) for sentence in told), "what was decided is told"
    run_fit(request)
    assert [trial.design for trial in read_search(tmp_path / "run").trials] == [
        trial.design for trial in read_search(run).trials
    ]
    one, other = (load_model(folder / "model.safetensors").weights for folder in (run, tmp_path / "run"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_other_networks_in_the_same_folder_are_refused_before_they_are_trained(run: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "other.safetensors", pretrained_model(residual("other"), seed=5))
    with pytest.raises(FeatherboneError, match=r"holds another run: pretrained.1.name was reader and is other"):
        run_fit(asking(tmp_path / "other.safetensors", run))
    assert not (run / "uncut" / "other").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"seed": 1}, "holds another run: data was .*; seed was 0 and is 1"),
        ({"budget": Budget(macs=61_000)}, "holds another run: budget.macs was 60000 and is 61000"),
    ],
)
def test_what_was_begun_for_another_seed_or_budget_is_not_taken(
    run: Path, file: Path, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(FeatherboneError, match=said):
        run_fit(asking(file, run, **more))


def test_a_budget_above_the_network_lets_it_compete_uncut(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_fit(
            asking(file, folder, budget=Budget(macs=10**7), trials=2),
            stop_at(lambda event: isinstance(event, TrialScored), []),
        )
    first = read_search(folder).trials[0]
    assert first.design == "cut reader | r8 | keep 12 12 16"
    assert first.macs == costs_of(load_model(folder / "uncut" / "reader" / "model.safetensors").graph).macs


@pytest.mark.parametrize("budget", [Budget(params=20), Budget(macs=300)])
def test_a_budget_below_every_cut_is_refused_before_anything(file: Path, tmp_path: Path, budget: Budget) -> None:
    with pytest.raises(FeatherboneError, match=r"no cut of .*reader.safetensors keeps the budget: with one set of"):
        run_fit(asking(file, tmp_path / "run", budget=budget, space="light"))
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_gone_is_named(run: Path) -> None:
    with pytest.raises(CheckpointMissing, match=r"begins with .*cuts.*, which is not there"):
        load_cut(run, "cut reader | r8 | keep 1 1 1")
    assert cut_file(run, "cut reader | r8 | keep 1 1 1").parent.is_dir()


def test_one_text_in_place_of_several_is_refused(file: Path) -> None:
    with pytest.raises(FeatherboneError, match="it holds several"):
        FitRequest(source="digits", budget=BUDGET, pretrained=str(file))


def test_what_fine_tuning_and_cutting_took_is_no_time_for_the_search() -> None:
    nobody: Any = None
    start = PretrainedStart(uncut=(), teacher=nobody, cuts=(), seconds=30.0)
    assert start.limits(Limits(trials=3, seconds=100.0, epochs=9)) == Limits(trials=3, seconds=70.0, epochs=9)
    assert start.limits(Limits(trials=3, seconds=20.0)).seconds == 1.0, "the cuts are there: they are trained a little"
    assert start.limits(Limits(trials=3)) == Limits(trials=3)
