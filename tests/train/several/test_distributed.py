"""Several processes train as one would, and none waits for ever for another that is gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from several_processes import (
    SIGINT,
    SIGKILL,
    evaluated,
    job,
    norm_of_share,
    together,
    trained,
    trained_in_one_turn,
    waits_for_the_first,
)

from featherbone.lock import locked
from featherbone.nn import read_tensors

NEWEST = "checkpoint.safetensors"
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from several_processes import trained
trained(Path(sys.argv[2]), 3)
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of one process: 3 epochs of 7 steps."""
    folder = tmp_path_factory.mktemp("alone")
    trained(folder, 3)
    return folder


def assert_same(folder: Path, other: Path, *, within: float) -> None:
    tensors, expected = read_tensors(folder / NEWEST)[0], read_tensors(other / NEWEST)[0]
    assert tensors.keys() == expected.keys()
    assert any(name.endswith("running_var") for name in tensors)
    for name, tensor in tensors.items():
        torch.testing.assert_close(tensor, expected[name], rtol=0, atol=within, msg=lambda text, n=name: f"{n}: {text}")


def test_two_processes_of_torchrun_equal_one_within_a_hundred_thousandth(alone: Path, tmp_path: Path) -> None:
    here = Path(__file__).parents[2] / "helpers"
    (tmp_path / "script.py").write_text(SCRIPT)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ended = subprocess.run(
        [*launch, str(tmp_path / "script.py"), str(here), str(tmp_path / "run")],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error::UserWarning:featherbone"},
    )
    assert ended.returncode == 0, ended.stderr
    assert_same(tmp_path / "run", alone, within=1e-5)


def test_batches_that_cannot_be_divided_equal_one_process_too(alone: Path, tmp_path: Path) -> None:
    results = together(3, trained, tmp_path, 3)  # 14 images: 5, 5 and 4
    assert_same(tmp_path, alone, within=1e-5)
    for weights, _ in results[1:]:  # every process ends with the very same
        assert all(np.array_equal(weights[name], value) for name, value in results[0][0].items())
    assert [reports for _, reports in results] == [3 * 8, 0, 0]


@pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler here")
def test_fused_kernels_train_in_several_processes_as_in_one(alone: Path, tmp_path: Path) -> None:
    results = together(2, trained, tmp_path, 3, (0, 0, 0), "", True)
    assert [result[1] for result in results] == [3 * 8, 0]
    assert_same(tmp_path, alone, within=1e-5)


def test_held_statistics_stay_in_several_processes_and_the_rest_is_trained_as_in_one(tmp_path: Path) -> None:
    settings = (2, (0, 0, 0), "", False, {"hold_statistics": True})
    trained(tmp_path / "alone", *settings)
    results = together(2, trained, tmp_path / "both", *settings)
    assert_same(tmp_path / "both", tmp_path / "alone", within=1e-5)
    for weights, _ in results:
        assert all((weights[name] == 0).all() for name in weights if name.endswith("running_mean"))
        assert all((weights[name] == 1).all() for name in weights if name.endswith("running_var"))


def test_layers_that_are_set_free_in_several_processes_are_trained_as_in_one(tmp_path: Path) -> None:
    settings = (2, (0, 0, 0), "", False, {"freeze": "backbone", "freeze_epochs": 1})
    trained(tmp_path / "alone", *settings)
    together(2, trained, tmp_path / "both", *settings)
    assert_same(tmp_path / "both", tmp_path / "alone", within=1e-5)


def test_a_run_goes_on_with_another_number_of_processes(alone: Path, tmp_path: Path) -> None:
    assert together(2, trained, tmp_path, 2, (1, 3, SIGINT)) == ["interrupted", "interrupted"]
    (_, reports), _, _ = together(3, trained, tmp_path, 2)
    assert reports == 4 + 1  # the steps after the third of the second epoch, and its end
    trained(tmp_path, 3)
    assert_same(tmp_path, alone, within=1e-5)


@pytest.mark.parametrize("killed", [0, 1])
def test_a_process_that_dies_stops_the_others_with_a_sentence(tmp_path: Path, killed: int) -> None:
    results = together(2, trained_in_one_turn, tmp_path, 2, (killed, 2, SIGKILL))
    assert results[killed] == -SIGKILL
    assert f"process {2 - killed} of 2 stops, as another one has ended" in results[1 - killed]
    trained(tmp_path, 2)  # the first epoch was saved


def test_a_process_that_waits_for_another_hears_a_signal(tmp_path: Path) -> None:
    first, second = together(2, waits_for_the_first, tmp_path / "interrupted")
    assert second == "interrupted"
    assert "process 1 of 2 stops, as another one has ended" in first


def test_processes_that_train_different_things_are_refused(tmp_path: Path) -> None:
    first, second = together(2, trained, tmp_path, 1, (0, 0, 0), "other")
    assert first.startswith("1 of 2 processes train something else than the first (")
    assert "this one has other data (fingerprint stripes-1 there, other now)" in second
    assert not (tmp_path / NEWEST).exists()


def test_a_folder_in_use_is_refused_in_every_process(tmp_path: Path) -> None:
    with locked(tmp_path / "training.lock", "it"):
        results = together(2, trained, tmp_path, 1)
    assert all(f"is in use by process {os.getpid()}" in sentence for sentence in results)


def test_the_command_trains_in_all_processes_and_finishes_in_the_first(tmp_path: Path) -> None:
    for _ in range(2):  # the second time it is finished, and left as it is
        assert together(2, job, tmp_path / "run") == 2 * [str(tmp_path / "run")]
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["result"]["epochs"] == len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == 1


def test_evaluation_is_exact_however_many_processes_there_are() -> None:
    whole: dict[str, Any] = evaluated()
    for found in together(3, evaluated):
        assert np.array_equal(found["confusion"], whole["confusion"])
        assert [found[name] for name in ("count", "top1", "top5")] == [40, whole["top1"], whole["top5"]]
        assert [answer["index"] for answer in found["worst"]] == [answer["index"] for answer in whole["worst"]]
        for name in ("loss", "brier"):
            assert found[name] == pytest.approx(whole[name], rel=1e-6)
        for ours, theirs in zip(found["calibration"], whole["calibration"], strict=True):
            assert ours == pytest.approx(theirs, rel=1e-6)


def test_a_synchronised_norm_is_the_norm_of_the_whole_batch() -> None:
    expected = norm_of_share(2)
    for found in together(3, norm_of_share, 2):
        for ours, theirs, scale in zip(found, expected, (1, 1, 10, 10, 1, 1), strict=True):
            assert np.allclose(ours, theirs, rtol=1e-5, atol=2e-5 * scale)
