"""Training that begins with weights from elsewhere: what is chosen or known decides graph, scale and view."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from featherbone.errors import FeatherboneError
from featherbone.hub import WeightChoices
from featherbone.job.option import command_words
from featherbone.job.training.plan import plan_training
from featherbone.job.training.request import TrainRequest
from featherbone.networks import network
from featherbone.nn import Model, Preprocessing, module, save_model, weights_of
from featherbone.progress import Noticed, silent
from featherbone.view import View

SPEC = "mobilenet_v1:width=0.25,resolution=32"


def asked(photos: Path, network: str, **options: Any) -> TrainRequest:
    return TrainRequest(source=photos, network=network, **options)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, draw = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir()
        for number in range(10):
            pixels = draw.integers(0, 256, (48, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Those of an ImageNet network, under names of no library."""
    path = tmp_path_factory.mktemp("weights") / "imagenet"
    own = weights_of(module(network(SPEC), seed=0))
    torch.save({f"layers.{name}": tensor for name, tensor in own.items()}, path)
    return str(path)


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def test_a_bare_file_of_imagenet_is_tuned_on_what_it_saw(photos: Path, weights: str) -> None:
    plan = plan_training(asked(photos, SPEC, weights=weights), silent)
    assert plan.dataset.view == View(crop=0.875)
    assert plan.dataset.mean == (0.485, 0.456, 0.406)
    assert plan.facts()["data"]["crop"] == 0.875
    assert any("the names say nothing of activations: the 27 ReLUs" in said for said in plan.network.said)
    assert any("no preprocessing was given" in said for said in plan.network.said)


def test_choices_are_the_same_as_those_of_load(photos: Path, weights: str) -> None:
    chosen = WeightChoices(activation="relu6", tensorflow=True, mean=(0.5,), std=(0.25,), crop=0.9)
    plan = plan_training(asked(photos, SPEC, weights=weights, choices=chosen), silent)
    operators = [node.operator for node in plan.network.graph.nodes]
    assert {o.function for o in operators if o.kind == "activation"} == {"relu6"}
    assert {o.epsilon for o in operators if o.kind == "batch_norm"} == {1e-3}
    assert (plan.dataset.mean, plan.dataset.std) == ((0.5,) * 3, (0.25,) * 3)
    assert plan.dataset.view == View(crop=0.9)
    assert not any("activations" in said for said in plan.network.said)
    words = command_words("train", plan.request)
    said = [words[words.index(flag) :][:2] for flag in ("--activation", "--mean", "--crop")]
    assert said == [["--activation", "relu6"], ["--mean", "0.5"], ["--crop", "0.9"]]
    assert "--tensorflow" in words


def test_a_model_is_tuned_on_what_it_sees_unless_another_part_is_chosen(photos: Path, tmp_path: Path) -> None:
    graph = network(SPEC + ",classes=2")
    seen = Preprocessing(resolution=32, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3, crop=0.8, interpolation="bicubic")
    model = Model(graph=graph, weights=weights_of(module(graph)), classes=("a", "b"), preprocessing=seen)
    save_model(tmp_path / "model.safetensors", model)
    plan = plan_training(asked(photos, str(tmp_path / "model.safetensors")), silent)
    assert plan.dataset.view == seen.view
    other = replace(plan.request, choices=WeightChoices(crop=1.0))
    plan = plan_training(other, silent)
    assert plan.dataset.view == View(interpolation="bicubic")
    assert any(
        said == "mobilenet_v1 was made to see the centre 80 % of the shorter side, bicubic; "
        "of these it sees the whole shorter side, bicubic"
        for said in plan.network.said
    )


def test_a_teacher_that_saw_another_part_is_said(photos: Path, tmp_path: Path) -> None:
    graph = network(SPEC + ",classes=2")
    seen = Preprocessing(resolution=32, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3, crop=0.8)
    model = Model(graph=graph, weights=weights_of(module(graph)), classes=("cat", "dog"), preprocessing=seen)
    save_model(tmp_path / "teacher.safetensors", model)
    told: list[str] = []

    def progress(event: object) -> None:
        told.extend([event.sentence] if isinstance(event, Noticed) else [])

    plan_training(asked(photos, SPEC, teacher=str(tmp_path / "teacher.safetensors")), progress)
    assert any("the teacher mobilenet_v1 was made to see the centre 80 %" in sentence for sentence in told)
    told.clear()
    same = asked(photos, SPEC, teacher=str(tmp_path / "teacher.safetensors"), choices=WeightChoices(crop=0.8))
    plan_training(same, progress)
    assert not any("the teacher" in sentence for sentence in told)


def test_a_choice_that_changes_nothing_is_the_cause_that_is_told(photos: Path, tmp_path: Path) -> None:
    spec = "squeezenet1_1:resolution=32"
    torch.save(weights_of(module(network(spec), seed=0)), tmp_path / "w")
    request = asked(photos, spec, weights=str(tmp_path / "w"), choices=WeightChoices(tensorflow=True))
    with pytest.raises(FeatherboneError, match="TensorFlow's padding changes nothing in squeezenet1_1"):
        plan_training(request, silent)


def test_any_images_can_be_seen_in_part(photos: Path) -> None:
    plan = plan_training(asked(photos, SPEC, choices=WeightChoices(crop=0.5)), silent)
    assert plan.dataset.view == View(crop=0.5)


@pytest.mark.parametrize(
    ("choices", "flag"),
    [
        (WeightChoices(activation="relu6"), "--activation"),
        (WeightChoices(tensorflow=False), "--no-tensorflow"),
        (WeightChoices(drop_background=True), "--drop-background"),
        (WeightChoices(mean=(0.5,)), "--mean"),
    ],
)
def test_what_a_file_does_not_say_needs_a_file(choices: WeightChoices, flag: str) -> None:
    with pytest.raises(FeatherboneError, match=f"{flag} is given without --weights"):
        TrainRequest(source="digits", network=SPEC, choices=choices)
