"""A whole pruning of a small network on digits: what is written, what is kept, what goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.job import PruneRequest, run_prune
from featherbone.job.pruning import prune as prune_module
from featherbone.job.pruning.cut import CUT
from featherbone.nn import Model, load_model
from featherbone.progress import Event, Noticed
from featherbone.run_file import read_record
from featherbone.search import Budget
from featherbone.search.costs.latency_limit import LatencyLimit
from featherbone.train import Setting, recipe_named

SETTING = "channels_last, float32, 1 thread"


@pytest.fixture(scope="module")
def request_of_half(model: Model, model_file: Path) -> PruneRequest:
    limit = int(count(model.graph).macs) // 2
    return PruneRequest(model=str(model_file), source="digits", budget=Budget(macs=limit), images=256, setting=SETTING)


@pytest.fixture(scope="module")
def mended(request_of_half: PruneRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_prune(replace(request_of_half, out=tmp_path_factory.mktemp("runs") / "half"))


def test_what_is_written_keeps_the_budget_and_most_of_the_answers(mended: Path, request_of_half: PruneRequest) -> None:
    record, found = read_record(mended), load_model(mended / "model.safetensors")
    assert record is not None
    assert record.result is not None
    assert record.cut is not None
    assert count(found.graph).macs <= request_of_half.budget.limits()["macs"]
    assert [each.name for each in record.compared] == ["uncut", "cut and mended"]
    assert record.compared[0].test_top1 > 0.9
    assert record.compared[1].test_top1 > record.compared[0].test_top1 - 0.15
    assert record.result.test_top1 == record.compared[1].test_top1
    assert {width.layer for width in record.cut.widths} <= {"stem", "second"}
    assert record.result.verification.passed
    assert (mended / "model.onnx").is_file()
    page = (mended / "report.html").read_text()
    assert "Where channels went" in page
    assert "Before and after" in page
    assert "No epoch is finished yet" not in page


def test_a_finished_pruning_is_left_as_it_is(mended: Path, request_of_half: PruneRequest) -> None:
    before = (mended / "run.json").read_bytes()
    run_prune(replace(request_of_half, out=mended))
    assert (mended / "run.json").read_bytes() == before


def test_what_is_left_is_taught_and_goes_on_where_it_was_stopped(
    request_of_half: PruneRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = replace(request_of_half, time=60.0)
    setting = {"chosen": Setting.parse(SETTING).to_dict()}
    recipe = recipe_named("recover").with_epochs(2).to_dict()
    monkeypatch.setattr(prune_module, "paced", lambda *given: {"setting": setting, "recipe": recipe})
    whole = run_prune(replace(request, out=tmp_path / "whole"))
    facts = json.loads((whole / "run.json").read_text())
    record = read_record(whole)
    assert record is not None
    assert [each.name for each in record.compared] == ["uncut", "cut and mended", "taught"]

    stopped = tmp_path / "stopped"
    stopped.mkdir()
    for name in ("run.json", CUT):  # as after a kill between the cut and the end of the teaching
        (stopped / name).write_bytes((whole / name).read_bytes())
    facts["result"], facts["compared"] = None, []
    (stopped / "run.json").write_text(json.dumps(facts))
    monkeypatch.setattr(prune_module, "cut", lambda *given: pytest.fail("it was cut once more"))
    run_prune(replace(request, out=stopped))
    one, other = (load_model(folder / "model.safetensors").weights for folder in (whole, stopped))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_of_another_budget_is_refused(mended: Path, request_of_half: PruneRequest) -> None:
    with pytest.raises(FeatherboneError, match=r"holds another run: budget.macs was \d+ and is 1000"):
        run_prune(replace(request_of_half, budget=Budget(macs=1000), out=mended))


def test_time_for_less_than_an_epoch_is_said(request_of_half: PruneRequest, tmp_path: Path) -> None:
    told: list[Event] = []
    folder = run_prune(replace(request_of_half, time=1e-4, out=tmp_path / "short"), told.append)
    sentences = [event.sentence for event in told if isinstance(event, Noticed)]
    assert any("nothing is taught" in sentence for sentence in sentences)
    record = read_record(folder)
    assert record is not None
    assert len(record.compared) == 2


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (Budget(macs=10**9), r"there is nothing to cut: digit_reader has \d+ MACs, and the limit is 1000000000 MACs"),
        (
            Budget(macs=10),
            r"with one set of channels left of each width and images of 4×4, digit_reader still has macs",
        ),
        (Budget(latency=LatencyLimit(ms=1e-6)), "with one set of channels left"),
    ],
)
def test_budgets_that_ask_for_nothing_or_too_much(
    request_of_half: PruneRequest, tmp_path: Path, budget: Budget, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("featherbone.job.pruning.quantities.clock_of", lambda limit: lambda graph: 1.0)
    with pytest.raises(FeatherboneError, match=said):
        run_prune(replace(request_of_half, budget=budget, out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_network_without_a_file_is_told_how_to_get_one(request_of_half: PruneRequest) -> None:
    with pytest.raises(FeatherboneError, match="mobilenet_v2 is a network without weights") as caught:
        run_prune(replace(request_of_half, model="mobilenet_v2"))
    assert "featherbone convert" in str(caught.value.hint)


def test_photos_without_labels_cut_and_teach(
    request_of_half: PruneRequest, loose: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = {"chosen": Setting.parse(SETTING).to_dict()}
    recipe = recipe_named("recover").with_epochs(1).to_dict()
    monkeypatch.setattr(prune_module, "paced", lambda *given: {"setting": setting, "recipe": recipe})
    folder = run_prune(replace(request_of_half, source=loose, time=5.0, out=tmp_path / "run"))
    record = read_record(folder)
    assert record is not None
    assert record.data.answered_by == "digit_reader"
    assert [each.name for each in record.compared] == ["uncut", "cut and mended", "taught"]
    assert record.compared[0].test_top1 == 1.0, "it answers as it does"
    assert 0.5 < record.compared[2].test_top1 <= 1.0


def test_a_smaller_resolution_is_taught_exported_and_tested_at_its_own(
    request_of_half: PruneRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = {"chosen": Setting.parse(SETTING).to_dict()}
    recipe = recipe_named("recover").with_epochs(1).to_dict()
    monkeypatch.setattr(prune_module, "paced", lambda *given: {"setting": setting, "recipe": recipe})
    budget = Budget(macs=int(request_of_half.budget.limits()["macs"] * 5 / 4))
    folder = run_prune(replace(request_of_half, budget=budget, cut="resolution", time=60.0, out=tmp_path / "run"))
    record, found = read_record(folder), load_model(folder / "model.safetensors")
    assert record is not None
    assert record.cut is not None
    assert record.result is not None
    assert (record.cut.resolution, record.cut.widths, record.cut.dropped) == (6, (), ())
    assert found.graph.input_shape == found.preprocessing.shape == (1, 6, 6)
    assert record.result.verification.passed
    assert [each.name for each in record.compared] == ["uncut", "cut and mended", "taught"]
    assert record.compared[2].test_top1 > 0.2  # twice what chance would, after one epoch on half the places


@pytest.mark.parametrize(
    ("cut", "said"),
    [("depth", "--cut is 'depth'; 'depth' is none of widths, blocks, resolution"), (" , ", "it names nothing")],
)
def test_means_that_do_not_exist_are_refused(request_of_half: PruneRequest, cut: str, said: str) -> None:
    with pytest.raises(FeatherboneError, match=said):
        replace(request_of_half, cut=cut)
