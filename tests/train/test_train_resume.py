"""A run that was stopped, in whatever way, ends bit for bit like one that was not."""

from __future__ import annotations

import json
import multiprocessing
import random
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from train_cases import LONG, RECIPE, dataset, network, train_until_killed

from featherbone.errors import FeatherboneError
from featherbone.nn import module, read_tensors, weights_of
from featherbone.train import Progress, Training, train
from featherbone.train import checkpoint as checkpoint_module
from featherbone.train.checkpoint import saved_setting
from featherbone.train.setting import Setting

NEWEST, PREVIOUS = "checkpoint.safetensors", "checkpoint.previous.safetensors"


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    train(network(), dataset(), RECIPE, folder=folder, seed=7)
    return folder


def run(folder: Path, **settings: object) -> Training:
    return train(network(), dataset(), RECIPE, folder=folder, seed=7, **settings)  # type: ignore[arg-type]


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


def without_seconds(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is of POSIX")
def test_killed_runs_end_like_the_uninterrupted_one(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["train_cases"])
    delays = random.Random(0)
    # First while the second epoch's checkpoint is written and not flushed; then, as the log's three events, the flushes
    # and the first rename are behind, between the two renames of a checkpoint; then at random moments.
    for kill, die_before in enumerate((8, 8, 0, 0)):
        process = context.Process(target=train_until_killed, args=(tmp_path, die_before))
        started = len((tmp_path / "log.jsonl").read_text()) if (tmp_path / "log.jsonl").exists() else 0
        process.start()
        if die_before == 0:
            while process.is_alive() and len((tmp_path / "log.jsonl").read_text()) <= started:
                time.sleep(0.002)
            time.sleep(delays.uniform(0, 0.03))
            process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        if kill == 1:
            assert not (tmp_path / NEWEST).exists()
            assert (tmp_path / PREVIOUS).exists()
    whole = tmp_path_factory.mktemp("whole")
    for folder in (tmp_path, whole):
        train(network(), dataset(), LONG, folder=folder, seed=7)
    assert_same_end(tmp_path, whole)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_paused_and_continued_equals_one_run(tmp_path: Path, optimizer: str) -> None:
    recipe = replace(RECIPE, optimizer=optimizer, learning_rate=0.02)
    for until in (1, 3, 6):
        paused = train(network(), dataset(), recipe, folder=tmp_path / "a", seed=7, until_epoch=until)
        assert paused.epoch == until
        torch.manual_seed(until)  # what happens between does not matter
    whole = train(network(), dataset(), recipe, folder=tmp_path / "b", seed=7)
    assert all(torch.equal(paused.weights[name], tensor) for name, tensor in whole.weights.items())
    assert_same_end(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("stop", [(1, 1), (2, 3), (2, 7), (6, 6)])
def test_stopped_inside_an_epoch_equals_one_run(tmp_path: Path, uninterrupted: Path, stop: tuple[int, int]) -> None:
    steps = []

    def interrupt(event: Progress) -> None:
        if (event.epoch, event.step) == stop and not event.is_epoch_end:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, progress=interrupt, save_every=0)
    torch.manual_seed(3)  # what happens between does not matter
    run(tmp_path, progress=lambda event: steps.append((event.epoch, event.step)), save_every=0)
    assert steps[0] == stop  # the step that was told and not yet saved is trained again, and none before it
    assert_same_end(tmp_path, uninterrupted)


def test_a_setting_is_kept_and_another_one_refused(tmp_path: Path) -> None:
    assert saved_setting(tmp_path) is None
    run(tmp_path, setting=Setting(channels_last=False), until_epoch=1)
    assert saved_setting(tmp_path) == Setting(channels_last=False)
    run(tmp_path, until_epoch=2)
    assert saved_setting(tmp_path) == Setting(channels_last=False)
    with pytest.raises(FeatherboneError, match="another setting"):
        run(tmp_path, setting=Setting())


def test_a_finished_run_is_not_trained_again(uninterrupted: Path) -> None:
    events: list[Progress] = []
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
    events: list[Progress] = []
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
    assert train(network().renamed("other"), dataset(), RECIPE, folder=tmp_path, seed=7, until_epoch=1).epoch == 1


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
    def interrupt(event: Progress) -> None:
        if event.epoch == 3 and event.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, progress=interrupt)
    run(tmp_path)
    assert_same_end(tmp_path, uninterrupted)
