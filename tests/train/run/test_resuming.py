"""A run that was stopped, in whatever way, ends bit for bit like one that was not."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import random
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from train_cases import LONG, RECIPE, dataset, network, train_until_killed

from featherbone.errors import FeatherboneError
from featherbone.nn import module, read_tensors, weights_of
from featherbone.train import Evaluation, Execution, Training, TrainingProgress, evaluate, train
from featherbone.train.machine.setting import Setting
from featherbone.train.run import checkpoint as checkpoint_module
from featherbone.train.run import loop as loop_module
from featherbone.train.run.begin import begin
from featherbone.train.run.state import State
from featherbone.train.run.stopping import stoppable
from featherbone.train.several.distributed import ALONE

NEWEST, PREVIOUS = "checkpoint.safetensors", "checkpoint.previous.safetensors"


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    train(network(), dataset(), RECIPE, folder=folder, seed=7)
    return folder


def run(folder: Path, **settings: object) -> Training:
    return train(network(), dataset(), RECIPE, folder=folder, seed=7, execution=Execution(**settings))


def assert_same_end(folder: Path, other: Path) -> None:
    tensors, header = read_tensors(folder / NEWEST)
    expected, expected_header = read_tensors(other / NEWEST)
    assert tensors.keys() == expected.keys()
    different = [name for name in tensors if not torch.equal(tensors[name], expected[name])]
    assert not different
    history, expected_history = (json.loads(text["progress"])["history"] for text in (header, expected_header))
    assert without_seconds(history) == without_seconds(expected_history)
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in log] == list(range(1, len(log) + 1))
    assert log == history


def written(folder: Path) -> int:
    """When the newest checkpoint was written; 0 without one."""
    with suppress(FileNotFoundError):
        return (folder / NEWEST).stat().st_mtime_ns
    return 0


def without_seconds(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


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


def test_an_interrupt_keeps_the_last_checkpoint(tmp_path: Path, uninterrupted: Path) -> None:
    def interrupt(event: TrainingProgress) -> None:
        if event.epoch == 3 and event.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, progress=interrupt)
    run(tmp_path)
    assert_same_end(tmp_path, uninterrupted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["step", "last step", "evaluation"])
def test_one_signal_stops_after_the_step_and_loses_nothing(
    tmp_path: Path, uninterrupted: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, moment: str
) -> None:
    notes, steps = [], []

    def watch(event: TrainingProgress) -> None:
        if event.note:
            notes.append(event.note)
        elif not event.is_epoch_end:
            steps.append((event.epoch, event.step))
            if steps[-1] == {"step": (3, 2), "last step": (3, 7)}.get(moment):
                os.kill(os.getpid(), number)

    def interrupted(*arguments: Any, **settings: Any) -> Evaluation:
        found = evaluate(*arguments, **settings)
        if moment == "evaluation" and steps[-1] == (3, 7):
            os.kill(os.getpid(), number)
        return found

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with monkeypatch.context() as patch:
        patch.setattr(loop_module, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, progress=watch)
    assert notes == [f"stopped after step {2 if moment == 'step' else 7} of epoch 3, which is saved"]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    run(tmp_path, progress=watch)
    assert len(steps) == len(set(steps)) == 6 * 7  # nothing was trained twice
    assert_same_end(tmp_path, uninterrupted)


def test_a_second_signal_stops_at_once(tmp_path: Path, uninterrupted: Path) -> None:
    def watch(event: TrainingProgress) -> None:
        if event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            raise AssertionError("the second one raises")

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, progress=watch)
    assert not (tmp_path / NEWEST).exists()
    run(tmp_path)
    assert_same_end(tmp_path, uninterrupted)


def test_a_signal_after_the_last_step_is_not_lost(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), stoppable(ALONE) as stopping:
        os.kill(os.getpid(), signal.SIGINT)
    assert stopping.asked


def test_signals_that_are_ignored_stay_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable(ALONE) as stopping:
            os.kill(os.getpid(), signal.SIGINT)
        assert not stopping.asked
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_train_without_handlers(tmp_path: Path, uninterrupted: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with ThreadPoolExecutor(1) as pool:
        torch.set_num_threads(1)
        pool.submit(run, tmp_path).result()
    assert signal.getsignal(signal.SIGINT) is before
    assert_same_end(tmp_path, uninterrupted)


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    def other(event: TrainingProgress) -> None:
        with pytest.raises(FeatherboneError, match=f"the training in .* is in use by process {os.getpid()}"):
            run(tmp_path)

    run(tmp_path, progress=other, until_epoch=1)
    run(tmp_path, until_epoch=2)


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
