"""A trial chooses among its candidates by what it measures, says why others left, and leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from train_cases import RECIPE, dataset, network

from featherbone.data.augment import Augment
from featherbone.errors import FeatherboneError
from featherbone.nn import module, weights_of
from featherbone.train import Choice, Objective, Setting, candidates, choose
from featherbone.train.optimize.objective import make_objective
from featherbone.train.run.begin import begin
from featherbone.train.run.epochs import epoch_batches
from featherbone.train.run.plan import Plan
from featherbone.train.run.state import State
from featherbone.train.run.step import make_step
from featherbone.train.tuning import timed_steps as trial
from featherbone.train.tuning.timed_steps import Tried

LAST, NCHW, LOW = Setting(threads=1), Setting(channels_last=False, threads=1), Setting(precision="bfloat16", threads=1)
QUIET = replace(RECIPE, augment=Augment())


class Clock:
    """Steps take the seconds that a test says, whatever they do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: dict[Setting, float], loss: float = 1.0) -> None:
        self.now, self.loss, self.steps = 0.0, loss, dict.fromkeys(seconds, 0)
        self._seconds = seconds
        monkeypatch.setattr("time.perf_counter", lambda: self.now)
        monkeypatch.setattr(trial, "make_step", self._make_step)

    def _make_step(self, plan: Plan, *rest: Any) -> Callable[[Tensor, Tensor], float]:
        def step(images: Tensor, targets: Tensor) -> float:
            self.now += self._seconds[plan.setting] * len(images)
            self.steps[plan.setting] += 1
            return self.loss

        return step


def chosen(*among: Setting, seconds: float = 0.05) -> Choice:
    return choose(network(), dataset(), QUIET, among=among, seconds=seconds)


def test_one_of_the_candidates_is_chosen_and_the_others_are_told() -> None:
    choice = chosen(LAST, NCHW, LOW)
    assert choice.setting in (LAST, NCHW, LOW)
    assert {tried.setting for tried in choice.tried} == {LAST, NCHW, LOW}
    assert all(tried.images_per_second > 0 and tried.steps >= 1 for tried in choice.tried)
    assert str(choice).startswith(f"{choice.setting} trains")
    assert str(choice).count(";") == 2


def test_the_fastest_is_chosen_and_the_hopeless_leave_early(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, {LAST: 0.003, NCHW: 0.009, LOW: 0.002})
    choice = chosen(LAST, NCHW, LOW, seconds=1e9)
    assert choice.setting == LOW
    assert [tried.setting for tried in choice.tried] == [LOW, LAST, NCHW]
    assert [round(tried.images_per_second) for tried in choice.tried] == [500, 333, 111]
    assert choice.tried[2].reason == "4.5 times as long a step as the fastest"
    assert [tried.steps for tried in choice.tried] == [12, 12, 1]
    assert clock.steps[NCHW] == 2


def test_one_lucky_step_sends_nobody_away(monkeypatch: pytest.MonkeyPatch) -> None:
    class Noisy(Clock):
        def _make_step(self, plan: Plan, *rest: Any) -> Callable[[Tensor, Tensor], float]:
            step = super()._make_step(plan, *rest)

            def noisy(images: Tensor, targets: Tensor) -> float:
                own = self._seconds[plan.setting]
                if self.steps[plan.setting] == 2 and plan.setting == NCHW:
                    self._seconds[NCHW] = 0.001
                loss = step(images, targets)
                self._seconds[plan.setting] = own
                return loss

            return noisy

    Noisy(monkeypatch, {LAST: 0.004, NCHW: 0.005})
    choice = chosen(LAST, NCHW, seconds=1e9)
    assert choice.setting == LAST
    assert [tried.reason for tried in choice.tried] == ["", ""]
    assert [tried.steps for tried in choice.tried] == [12, 12]


def test_float32_is_kept_where_the_gain_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch, {LAST: 0.00204, LOW: 0.002})
    assert chosen(LAST, LOW, seconds=1e9).setting == LAST


def test_the_trial_ends_in_time_with_everyone_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {LAST: 1.0, LOW: 1.0}  # an image: a batch would take 14
    clock = Clock(monkeypatch, seconds)
    choice = chosen(LAST, LOW, seconds=30)
    assert [tried.steps for tried in choice.tried] == [1, 1]
    assert choice.batch_size == 8
    assert choice.seconds == clock.now < 60


def test_one_reason_of_several_is_said_once() -> None:
    tried = [Tried(setting=LAST, images_per_second=50.0, steps=3, reason="")]
    tried += [Tried(setting=setting, images_per_second=0.0, steps=0, reason="no compiler") for setting in (LOW, NCHW)]
    said = str(Choice(setting=LAST, tried=tuple(tried), batch_size=8, seconds=1.0))
    assert said == f"{LAST} trains 50.0 images/s; {LOW} and {NCHW}: failed (no compiler)"


def test_a_candidate_that_fails_leaves_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(plan: Plan, *rest: Any) -> Callable[[Tensor, Tensor], float]:
        if plan.setting == NCHW:
            raise RuntimeError("no kernel for this\nand a long trace")
        step = make_step(plan, *rest)

        def fails(images: Tensor, targets: Tensor) -> float:
            if plan.setting == LOW:
                raise RuntimeError("out of memory")
            return step(images, targets)

        return fails

    monkeypatch.setattr(trial, "make_step", failing)
    choice = chosen(LOW, LAST, NCHW)
    assert choice.setting == LAST
    assert {tried.setting: tried.reason for tried in choice.tried if tried.reason} == {
        LOW: "out of memory",
        NCHW: "no kernel for this",
    }
    assert "failed (out of memory)" in str(choice)
    for one in choice.tried:
        assert str(choice).count(str(one.setting)) == 1
    with pytest.raises(FeatherboneError, match="tiny cannot be trained here: out of memory"):
        chosen(LOW)


def test_a_candidate_that_computes_another_loss_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(plan: Plan, *rest: Any) -> Callable[[Tensor, Tensor], float]:
        step = make_step(plan, *rest)
        return (lambda images, targets: 2 * step(images, targets)) if plan.setting == LOW else step

    monkeypatch.setattr(trial, "make_step", wrong)
    choice = chosen(LAST, LOW)
    assert choice.setting == LAST
    assert "its loss is" in next(tried.reason for tried in choice.tried if tried.setting == LOW)


def test_the_trial_leaves_no_trace() -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    chosen(LAST, replace(LAST, threads=threads + 1))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_nothing_to_choose_among_is_refused() -> None:
    with pytest.raises(FeatherboneError, match="no setting to choose among"):
        chosen()


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_candidates_differ_and_begin_with_what_rounds_least(device: str) -> None:
    found = candidates(device)
    assert len(set(found)) == len(found)
    assert (found[0].channels_last, found[0].precision) == (True, "float32")
    assert any(setting.precision == "float16" for setting in found) is (device == "cuda")
    assert {setting.threads for setting in candidates("cpu", threads=3)} == {3}


@pytest.mark.parametrize(("setting", "tolerance"), [(NCHW, 1e-5), (LOW, 3e-2)])
def test_settings_compute_the_same_to_their_precision(setting: Setting, tolerance: float) -> None:
    def after_steps(setting: Setting) -> tuple[list[float], dict[str, Tensor]]:
        plan = Plan(graph=network(), dataset=dataset(), recipe=QUIET, seed=0, setting=setting, device="cpu")
        objective = make_objective(plan.recipe, plan.dataset)
        state = begin(plan, objective, None)
        step = make_step(plan, state, objective)
        losses = [step(images, targets) for images, targets in epoch_batches(plan, 1)]
        return losses, dict(weights_of(state.network))

    (losses, weights), (expected_losses, expected) = after_steps(setting), after_steps(LAST)
    assert losses == pytest.approx(expected_losses, rel=tolerance)
    assert all(torch.allclose(weights[name], expected[name], atol=tolerance) for name in expected)
    assert all(tensor.dtype == expected[name].dtype for name, tensor in weights.items())


def test_what_a_recipe_keeps_is_kept_in_the_trial_of_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {name: tensor + 1 for name, tensor in weights_of(module(network(), seed=0)).items()}
    seen: list[tuple[bool, bool, bool]] = []

    def watched(plan: Plan, state: State, objective: Objective) -> Callable[[Tensor, Tensor], float]:
        conv, norm = state.network.get_submodule("conv"), state.network.get_submodule("conv_norm")
        begun = bool((conv.weight == weights["conv.weight"]).all())

        def step(images: Tensor, targets: Tensor) -> float:
            seen.append((begun, norm.training, conv.weight.requires_grad))
            return 1.0

        return step

    monkeypatch.setattr(trial, "make_step", watched)
    for change, expected in (
        ({}, (True, True, True)),
        ({"hold_statistics": True}, (True, False, True)),
        ({"freeze": "backbone"}, (True, False, False)),
        ({"freeze": "backbone", "freeze_epochs": 1}, (True, True, True)),  # as most of the epochs are
    ):
        seen.clear()
        choose(network(), dataset(), replace(QUIET, epochs=4, **change), among=[LAST], seconds=0.01, weights=weights)
        assert set(seen) == {expected}, change
