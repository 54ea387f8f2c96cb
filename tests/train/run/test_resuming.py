"""A run that was stopped, in whatever way, ends bit for bit like one that was not."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from train_cases import LONG, RECIPE, dataset, network, train_until_killed
from train_resume_cases import assert_same_end, run

from featherbone.errors import FeatherboneError
from featherbone.nn import read_tensors
from featherbone.train import Execution, TrainingProgress, train
from featherbone.train.machine.setting import Setting

NEWEST, PREVIOUS = "checkpoint.safetensors", "checkpoint.previous.safetensors"


def written(folder: Path) -> int:
    """When the newest checkpoint was written; 0 without one."""
    with suppress(FileNotFoundError):
        return (folder / NEWEST).stat().st_mtime_ns
    return 0


# A run's log is three of the counted flushes and renames, and a checkpoint five: the flush of the file, its rename, the
# flush of the folder, and the two renames that make it the newest; without a newest one the first of these is not done.
KILLS = [(4, False), (4, True), (13, False), (15, False), (16, False), (17, False), (18, False), (18, True)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is of POSIX")
@pytest.mark.usefixtures("uninterrupted")  # what makes batches is compiled by then: that renames a file, too
def test_killed_runs_end_like_the_uninterrupted_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["featherbone.train", "torch._dynamo"])  # which the first step would load
    delays = random.Random(0)
    missing = 0
    for die_at, torn in [*KILLS, *4 * [(0, False)]]:
        before = written(tmp_path)
        process = context.Process(target=train_until_killed, args=(tmp_path, die_at, torn))
        process.start()
        if die_at == 0:
            while process.is_alive() and written(tmp_path) == before:
                time.sleep(0.002)
            time.sleep(delays.uniform(0, 0.03))
            process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        missing += (tmp_path / PREVIOUS).exists() and not (tmp_path / NEWEST).exists()
    assert missing  # the moment between the two renames was among them
    for folder in (tmp_path, tmp_path / "whole"):
        train(network(), dataset(), LONG, folder=folder, seed=7)
    assert_same_end(tmp_path, tmp_path / "whole")
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_paused_and_continued_equals_one_run(tmp_path: Path, optimizer: str) -> None:
    recipe = replace(RECIPE, optimizer=optimizer, learning_rate=0.02)
    for until in (1, 3, 6):
        now = Execution(until_epoch=until)
        paused = train(network(), dataset(), recipe, folder=tmp_path / "a", seed=7, execution=now)
        assert paused.epoch == until
        torch.manual_seed(until)  # what happens between does not matter
    whole = train(network(), dataset(), recipe, folder=tmp_path / "b", seed=7)
    assert all(torch.equal(paused.weights[name], tensor) for name, tensor in whole.weights.items())
    assert_same_end(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("stop", [(1, 1), (2, 3), (2, 7), (6, 6)])
def test_stopped_inside_an_epoch_equals_one_run(tmp_path: Path, uninterrupted: Path, stop: tuple[int, int]) -> None:
    steps = []

    def interrupt(event: TrainingProgress) -> None:
        if (event.epoch, event.step) == stop and not event.is_epoch_end:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, progress=interrupt, save_every=0)
    torch.manual_seed(3)  # what happens between does not matter
    run(tmp_path, progress=lambda event: steps.append((event.epoch, event.step)), save_every=0)
    assert steps[0] == stop  # the step that was told and not yet saved is trained again, and none before it
    assert_same_end(tmp_path, uninterrupted)


def test_a_setting_is_kept_and_another_one_refused(tmp_path: Path) -> None:
    for setting, epochs in ((Setting(channels_last=False), 1), (None, 2)):
        run(tmp_path, setting=setting, until_epoch=epochs)
        assert Setting.from_json(read_tensors(tmp_path / NEWEST)[1]["setting"]) == Setting(channels_last=False)
    with pytest.raises(FeatherboneError, match="another setting"):
        run(tmp_path, setting=Setting())


def test_a_finished_run_is_not_trained_again(uninterrupted: Path) -> None:
    events: list[TrainingProgress] = []
    before = (uninterrupted / NEWEST).read_bytes()
    again = run(uninterrupted, progress=events.append, until_epoch=2)
    assert again.epoch == 6
    assert not events
    assert (uninterrupted / NEWEST).read_bytes() == before


def test_the_global_random_state_is_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    run(tmp_path, until_epoch=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_gives_other_weights(tmp_path: Path, uninterrupted: Path) -> None:
    other = train(network(), dataset(), RECIPE, folder=tmp_path, seed=8)
    assert not torch.equal(other.weights["linear.weight"], run(uninterrupted).weights["linear.weight"])


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    def other(event: TrainingProgress) -> None:
        with pytest.raises(FeatherboneError, match=f"the training in .* is in use by process {os.getpid()}"):
            run(tmp_path)

    run(tmp_path, progress=other, until_epoch=1)
    run(tmp_path, until_epoch=2)
