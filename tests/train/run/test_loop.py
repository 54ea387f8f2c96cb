"""What the loop does to a network: it learns, follows its recipe, and stops when it cannot."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from train_cases import RECIPE, dataset, network

from featherbone.data import Split
from featherbone.data.batches import Batching
from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.nn import module, module_with, weights_of
from featherbone.train import Execution, Objective, TrainingProgress, evaluate, train
from featherbone.train.optimize.average import MovingAverage
from featherbone.train.optimize.optimizer import decayed, make_optimizer
from featherbone.train.optimize.schedule import learning_rate
from featherbone.train.run.epochs import equal_batches
from featherbone.train.run.randomness import data_generator, own_randomness, seed_network
from featherbone.train.run.views import AugmentedView


def test_it_learns(tmp_path: Path) -> None:
    events: list[TrainingProgress] = []
    watched = Execution(progress=events.append)
    done = train(network(8), dataset(), replace(RECIPE, epochs=10), folder=tmp_path, seed=0, execution=watched)
    losses = [row["train_loss"] for row in done.history]
    assert losses[-1] < 0.7 * losses[0]
    assert done.val_top1 > 0.8
    assert [event.epoch for event in events if event.is_epoch_end] == list(range(1, 11))
    assert {event.steps for event in events} == {7}
    assert list(done.history[0]) == ["epoch", "lr", "train_loss", "val_loss", "val_top1", "seconds"]
    rebuilt = evaluate(module_with(network(8), done.weights), dataset().splits["val"], dataset())
    assert rebuilt.loss == pytest.approx(done.history[-1]["val_loss"], rel=1e-6)


def test_training_is_the_recipe_written_out(tmp_path: Path) -> None:
    recipe, data, graph = replace(RECIPE, clip=0.05), dataset(), network()
    plain = module(graph, seed=0).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = {name: tensor.clone() for name, tensor in weights_of(plain).items()}
    groups = [
        {"params": [value for name, value in plain.named_parameters() if (name in decayed(graph)) is yes], **settings}
        for yes, settings in ((True, {"weight_decay": recipe.weight_decay}), (False, {"weight_decay": 0.0}))
    ]
    optimizer = torch.optim.SGD(groups, lr=1.0, momentum=0.9, nesterov=True)
    step, norms, losses = 0, [], []
    for epoch in (1, 2):
        view = AugmentedView(dataset=data, augment=recipe.augment, seed=0, number=epoch)
        batching = Batching(batch_size=14, shuffle=True, drop_last=True)
        passes = view.batches(batching, generator=data_generator(0, epoch))
        with own_randomness("cpu"):
            for place, (images, labels) in enumerate(passes):
                seed_network(0, epoch, place)
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate(recipe, step, steps=7)
                plain.train().zero_grad()
                loss = nn.functional.cross_entropy(plain(images), labels, label_smoothing=0.1)
                loss.backward()
                losses.append(float(loss.detach()))
                norms.append(float(nn.utils.clip_grad_norm_(plain.parameters(), 0.05)))
                optimizer.step()
                share = min(0.9, (1 + step) / (10 + step))
                average = {name: share * average[name] + (1 - share) * now for name, now in weights_of(plain).items()}
                step += 1
    assert min(norms) > recipe.clip  # so that clipping is part of what is compared
    trained = train(graph, data, recipe, folder=tmp_path, seed=0, execution=Execution(until_epoch=2))
    assert trained.weights.keys() == average.keys()
    for name, tensor in average.items():
        torch.testing.assert_close(trained.weights[name], tensor, rtol=1e-4, atol=1e-6)
    means = [sum(losses[:7]) / 7, sum(losses[7:]) / 7]
    assert [row["train_loss"] for row in trained.history] == pytest.approx(means, rel=1e-4)


def test_the_seconds_of_an_epoch_are_those_of_its_steps_and_its_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    monkeypatch.setattr("time.perf_counter", lambda: float(next(ticks)))
    done = train(network(), dataset(), RECIPE, folder=tmp_path, seed=0, execution=Execution(until_epoch=2))
    assert [row["seconds"] >= 8 for row in done.history] == [True, True]  # a tick for each of seven steps, and one


def test_the_learning_rate_follows_the_schedule(tmp_path: Path) -> None:
    done = train(network(), dataset(), RECIPE, folder=tmp_path, seed=0)
    steps = 7
    expected = [0.1] + [
        0.05 * (1 + math.cos(math.pi * (epoch * steps - 1 - steps) / (5 * steps))) for epoch in range(2, 7)
    ]
    assert [row["lr"] for row in done.history] == pytest.approx(expected)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    train(network(), dataset(), RECIPE, folder=tmp_path, seed=0, execution=Execution(until_epoch=1))
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    events: list[TrainingProgress] = []
    wild = replace(RECIPE, learning_rate=1e30, clip=0.0)
    with pytest.raises(
        FeatherboneError, match=r"became (nan|inf) in step \d of epoch 1, at a learning rate of"
    ) as caught:
        train(network(), dataset(), wild, folder=tmp_path / "wild", seed=0, execution=Execution(progress=events.append))
    assert all(math.isfinite(event.metrics["train_loss"]) for event in events)
    assert "the learning rate, 1e+30, is most likely too large: try learning_rate 0.1, clip 1" in caught.value.hint

    lost = Objective(loss=lambda network, images, targets: network(images).sum() * math.nan)
    with pytest.raises(FeatherboneError, match="loss became nan in step 1 of epoch 2"):
        train(network(), dataset(), RECIPE, folder=tmp_path, seed=0, objective=lost)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_a_loss_without_a_value_from_the_start_is_not_blamed_on_the_learning_rate(tmp_path: Path) -> None:
    lost = Objective(loss=lambda network, images, targets: network(images).sum() * math.nan)
    with pytest.raises(FeatherboneError, match="nan in the first step") as caught:
        train(network(), dataset(), RECIPE, folder=tmp_path, seed=0, objective=lost)
    assert "not the learning rate" in caught.value.hint


def test_a_loss_far_worse_than_guessing_is_said_once(tmp_path: Path) -> None:
    events: list[TrainingProgress] = []
    wild = replace(RECIPE, epochs=3, learning_rate=3e3, warmup_epochs=0.0)
    train(network(), dataset(), wild, folder=tmp_path, seed=0, execution=Execution(progress=events.append))
    (said,) = [event.note for event in events if event.note]
    assert "where guessing has 1.1; the learning rate, 3000, is most likely too large" in said


def test_weight_decay_leaves_out_norms_biases_and_depthwise_kernels() -> None:
    x = image(1, 8).conv(4, 3, bias=True).norm().act("relu")
    graph = x.depthwise(3).pointwise(8, groups=2).global_pool().flatten().linear(3).graph("groups")
    assert decayed(graph) == {"conv.weight", "pointwise.weight", "linear.weight"}
    made = module(graph, seed=0)
    optimizer = make_optimizer(graph, made, RECIPE)
    by_tensor = {parameter: name for name, parameter in made.named_parameters()}
    groups = [{by_tensor[tensor] for tensor in group["params"]} for group in optimizer.param_groups]
    assert groups[0] == decayed(graph)
    assert groups[0] | groups[1] == set(graph.parameters())
    assert [group["weight_decay"] for group in optimizer.param_groups] == [1e-3, 0.0]


def test_the_average_follows_its_law() -> None:
    graph = image(1, 1).flatten().linear(1, bias=False).graph("one")
    followed, averaged = module(graph, seed=0), module(graph, seed=0)
    average = MovingAverage(averaged, followed, 0.5)
    expected = float(averaged.linear.weight.detach())
    for step, value in enumerate([1.0, -2.0, 3.0, 5.0, 8.0, 1.0, 1.0, 1.0, 1.0, 2.0]):
        with torch.no_grad():
            followed.linear.weight.fill_(value)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    assert float(averaged.linear.weight) == pytest.approx(expected)


def test_without_a_decay_the_average_is_the_network() -> None:
    followed, averaged = module(network(), seed=0), module(network(), seed=1)
    MovingAverage(averaged, followed, 0.0).update(0)
    assert torch.equal(averaged.conv.weight, followed.conv.weight)


@pytest.mark.parametrize(("count", "batch_size"), [(1, 64), (2, 64), (3, 2), (65, 64), (1079, 64), (50_000, 128)])
def test_an_epoch_is_cut_in_equal_batches(count: int, batch_size: int) -> None:
    steps, size = equal_batches(count, batch_size)
    assert 0 <= count - steps * size < steps
    assert size <= batch_size + 1
    assert size >= min(2, count)


def test_evaluation_against_a_count_by_hand() -> None:
    # The score of class c is 10 · pixel c, normalised with mean 0 and deviation 1.
    images = np.zeros((4, 1, 6, 1), dtype=np.uint8)
    for picture, winner in enumerate([0, 1, 2, 5]):
        images[picture, 0, winner] = 255
    split = Split(images=images, labels=np.array([0, 1, 1, 2]), paths=("a", "b", "c", "d"))
    case = dataset(classes=tuple("abcdef"), mean=(0.0,), std=(1.0,))
    scores = nn.Sequential(nn.Flatten(), nn.Linear(6, 6, bias=False))
    with torch.no_grad():
        scores[1].weight.copy_(10 * torch.eye(6))
    found = evaluate(scores, split, case, batch_size=3)
    assert (found.count, found.top1) == (4, 0.5)
    right = math.log(math.exp(10) + 5) - 10
    assert found.loss == pytest.approx((2 * right + 2 * (right + 10)) / 4, rel=1e-5)
    confusion = np.zeros((6, 6), dtype=int)
    for true, predicted in [(0, 0), (1, 1), (1, 2), (2, 5)]:
        confusion[true, predicted] += 1
    assert np.array_equal(found.confusion, confusion)
    assert found.top1_standard_error == pytest.approx(0.25)
    assert scores.training


def test_top5_leaves_out_the_sixth() -> None:
    split = Split(images=np.zeros((3, 1, 6, 1), np.uint8), labels=np.array([0, 1, 5]), paths=("a", "b", "c"))
    last = nn.Sequential(nn.Flatten(), nn.Linear(6, 6))
    with torch.no_grad():
        last[1].weight.zero_()
        last[1].bias.copy_(torch.arange(6.0))
    found = evaluate(last, split, dataset(classes=tuple("abcdef")))
    assert (found.top1, found.top5) == (1 / 3, 2 / 3)


def test_evaluation_uses_running_statistics() -> None:
    made = module(network(), seed=0)
    once = evaluate(made, dataset().splits["val"], dataset(), batch_size=7)
    again = evaluate(made, dataset().splits["val"], dataset(), batch_size=40)
    assert once.loss == pytest.approx(again.loss, rel=1e-5)


def test_an_empty_split_is_refused() -> None:
    empty = Split(images=np.zeros((0, 6, 6, 1), np.uint8), labels=np.zeros(0, np.int64), paths=())
    with pytest.raises(FeatherboneError, match="no images"):
        evaluate(module(network(), seed=0), empty, dataset())


def test_a_network_that_does_not_fit_the_data_is_refused(tmp_path: Path) -> None:
    wide = image(3, 6).flatten().linear(3).graph("wide")
    with pytest.raises(FeatherboneError, match="wide takes 3×6×6; the images of stripes are 1×6×6"):
        train(wide, dataset(), RECIPE, folder=tmp_path / "a", seed=0)
    many = image(1, 6).flatten().linear(4).graph("many")
    with pytest.raises(FeatherboneError, match="many writes 4; stripes has 3 classes"):
        train(many, dataset(), RECIPE, folder=tmp_path / "a", seed=0)
    with pytest.raises(FeatherboneError, match="until_epoch is 7"):
        train(network(), dataset(), RECIPE, folder=tmp_path / "a", seed=0, execution=Execution(until_epoch=7))
    assert not (tmp_path / "a").exists()


def test_the_log_is_json_lines(tmp_path: Path) -> None:
    done = train(network(), dataset(), RECIPE, folder=tmp_path, seed=0, execution=Execution(until_epoch=2))
    assert [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()] == list(done.history)
