"""Of two checkpoints one is always whole; what is damaged, or of another run, is said."""

from __future__ import annotations

import json
import math
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from train_cases import RECIPE, dataset, network
from train_resume_cases import assert_same_end, run

from featherbone.errors import FeatherboneError
from featherbone.nn import module, read_tensors, weights_of
from featherbone.train import Execution, TrainingProgress, train
from featherbone.train.run import checkpoint as checkpoint_module
from featherbone.train.run import loop as loop_module
from featherbone.train.run.begin import begin
from featherbone.train.run.state import State

NEWEST, PREVIOUS = "checkpoint.safetensors", "checkpoint.previous.safetensors"


def test_a_damaged_newest_checkpoint_falls_back_and_says_so(tmp_path: Path, uninterrupted: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(uninterrupted, folder)
    content = bytearray((folder / NEWEST).read_bytes())
    content[-3] ^= 1
    (folder / NEWEST).write_bytes(content)
    events: list[TrainingProgress] = []
    again = run(folder, progress=events.append)
    assert "checkpoint.safetensors is damaged" in again.note
    assert "after epoch 5" in again.note
    assert events[0].note == again.note
    assert [event.epoch for event in events if event.is_epoch_end] == [6]
    assert_same_end(folder, uninterrupted)


def test_only_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    run(tmp_path, until_epoch=1)
    (tmp_path / NEWEST).write_bytes(b"nothing")
    with pytest.raises(FeatherboneError, match="can be read") as caught:
        run(tmp_path)
    assert "remove" in caught.value.hint


def test_a_checkpoint_of_another_run_is_refused_with_the_difference(tmp_path: Path) -> None:
    run(tmp_path, until_epoch=1)
    before = (tmp_path / NEWEST).read_bytes()
    with pytest.raises(FeatherboneError, match="another network"):
        train(network(5), dataset(), RECIPE, folder=tmp_path, seed=7)
    with pytest.raises(FeatherboneError, match="other data"):
        train(network(), dataset(fingerprint="stripes-2"), RECIPE, folder=tmp_path, seed=7)
    with pytest.raises(FeatherboneError, match=r"another seed \(7 there, 8 now\)"):
        train(network(), dataset(), RECIPE, folder=tmp_path, seed=8)
    with pytest.raises(FeatherboneError, match=r"another learning_rate \(0.1 there, 0.2 now\)"):
        train(network(), dataset(), replace(RECIPE, learning_rate=0.2), folder=tmp_path, seed=7)
    assert (tmp_path / NEWEST).read_bytes() == before
    with pytest.raises(FeatherboneError, match="other weights to begin with"):
        train(network(), dataset(), RECIPE, folder=tmp_path, seed=7, weights=weights_of(module(network(), seed=1)))
    renamed, now = network().renamed("other"), Execution(until_epoch=1)
    assert train(renamed, dataset(), RECIPE, folder=tmp_path, seed=7, execution=now).epoch == 1


def test_a_full_disk_keeps_the_last_checkpoint(
    tmp_path: Path, uninterrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, until_epoch=2)
    before = (tmp_path / NEWEST).read_bytes()

    def full(*_: object) -> None:
        raise FeatherboneError("cannot write it: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_module, "write_tensors", full)
        with pytest.raises(FeatherboneError, match=r"epoch 3 could not be saved: .*No space left"):
            run(tmp_path)
    assert (tmp_path / NEWEST).read_bytes() == before
    run(tmp_path)
    assert_same_end(tmp_path, uninterrupted)


def test_a_step_that_ruins_the_weights_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, until_epoch=1)
    before = (tmp_path / NEWEST).read_bytes()
    state = {}

    def remembered(*arguments: Any) -> State:
        state["now"] = begin(*arguments)
        return state["now"]

    def ruin(event: TrainingProgress) -> None:
        if event.step == 3:
            with torch.no_grad():
                state["now"].network.linear.weight[0, 0] = math.inf

    monkeypatch.setattr(loop_module, "begin", remembered)
    with pytest.raises(FeatherboneError, match=r"weights/linear.weight is not finite after step 3 of epoch 2"):
        run(tmp_path, progress=ruin, save_every=0)
    assert (tmp_path / PREVIOUS).read_bytes() != before  # steps 1 and 2 were saved
    assert place_in(tmp_path) == (1, 2)


def place_in(folder: Path) -> tuple[int, int]:
    """Epochs and steps of the newest checkpoint."""
    progress = json.loads(read_tensors(folder / NEWEST)[1]["progress"])
    return len(progress["history"]), progress["step"]


def test_a_checkpoint_that_is_half_written_leaves_both_others_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest is never written over: a file takes its name when it is whole, and the one before is kept."""
    run(tmp_path, until_epoch=1)
    first = (tmp_path / NEWEST).read_bytes()
    run(tmp_path, until_epoch=2)
    second = (tmp_path / NEWEST).read_bytes()
    assert (tmp_path / PREVIOUS).read_bytes() == first != second

    def cut_off(path: Path, *_: Any) -> None:
        path.write_bytes(second[:100])
        raise FeatherboneError("killed")

    monkeypatch.setattr(checkpoint_module, "write_tensors", cut_off)
    with pytest.raises(FeatherboneError, match="could not be saved: killed"):
        run(tmp_path, until_epoch=3)
    assert (tmp_path / NEWEST).read_bytes() == second
    assert (tmp_path / PREVIOUS).read_bytes() == first


@pytest.mark.parametrize("moves", [0, 1])
def test_a_kill_between_the_moves_of_a_checkpoint_loses_an_epoch_at_most(
    tmp_path: Path, uninterrupted: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    class Killed(BaseException):
        pass

    left = [moves]

    def move(source: Path, target: Path) -> None:
        if Path(source).name in (NEWEST, checkpoint_module.NEXT):
            if not left[0]:
                raise Killed
            left[0] -= 1
        os.rename(source, target)

    run(tmp_path, until_epoch=1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", move)
        with pytest.raises(Killed):
            run(tmp_path, until_epoch=2)
    run(tmp_path)
    assert_same_end(tmp_path, uninterrupted)
