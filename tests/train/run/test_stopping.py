"""A run is stopped by a signal after a step, or at once, and loses nothing."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from train_resume_cases import assert_same_end, run

from featherbone.train import Evaluation, TrainingProgress, evaluate
from featherbone.train.run import loop as loop_module
from featherbone.train.run.stopping import stoppable
from featherbone.train.several.distributed import ALONE

NEWEST, PREVIOUS = "checkpoint.safetensors", "checkpoint.previous.safetensors"


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
