"""Weights from elsewhere become one model file with names and preprocessing, or nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image, to_json
from featherbone.hub import WeightChoices
from featherbone.hub.imagenet import imagenet_classes
from featherbone.job import ConvertRequest, run_convert
from featherbone.nn import Preprocessing, load_model, save_model

WNIDS, NAMES = tuple(imagenet_classes()), tuple(imagenet_classes().values())


def small(classes: int) -> Graph:
    return image(3, 8).conv(4, 3, bias=True).act("relu").global_pool().flatten().linear(classes).graph("small")


def foreign(classes: int) -> nn.Sequential:
    """The same, as another project writes it."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes)
    )


def asked(folder: Path, rows: int = 3, outputs: int | None = None, **more: Any) -> ConvertRequest:
    """Weights of so many rows for a network of so many outputs."""
    network, weights = folder / "small.json", folder / "weights.safetensors"
    network.write_text(to_json(small(outputs or rows)))
    save_file(foreign(rows).state_dict(), weights)
    settings = {"network": str(network), "weights": str(weights), "out": folder / "model.safetensors"}
    return ConvertRequest(**{**settings, **more})


def test_the_file_computes_what_the_weights_did(tmp_path: Path) -> None:
    choices = WeightChoices(mean=(0.5,), std=(0.25,), crop=0.9, interpolation="bicubic")
    done = run_convert(asked(tmp_path, choices=choices))
    model = load_model(tmp_path / "model.safetensors")
    images = torch.randn(4, 3, 8, 8)
    torch.testing.assert_close(model.module()(images), foreign(3)(images))
    assert model.classes == ("0", "1", "2")
    assert model.preprocessing == Preprocessing(
        resolution=8, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3, crop=0.9, interpolation="bicubic"
    )
    assert any("called by their numbers" in sentence for sentence in done.said)
    assert "--classes FILE gives them other names, a line each" in done.said
    facts = json.loads(json.dumps(done.facts()))
    assert (facts["params"], facts["classes"]) == (127, ["0", "1", "2"])
    assert facts["weights"]["source"] == str(tmp_path / "weights.safetensors")


def test_a_thousand_classes_are_imagenets(tmp_path: Path) -> None:
    done = run_convert(asked(tmp_path, 1000))
    assert done.model.classes == NAMES
    assert any("1000 are ImageNet's, in the order of their wnids" in sentence for sentence in done.said)
    assert run_convert(asked(tmp_path, 1000, classes="wnids")).model.classes == WNIDS


def test_the_background_is_kept_or_left_out_and_said(tmp_path: Path) -> None:
    kept = run_convert(asked(tmp_path, 1001))
    assert kept.model.classes == ("background", *NAMES)
    assert any("1001 are ImageNet's" in sentence for sentence in kept.said)
    assert run_convert(asked(tmp_path, 1001, classes="wnids")).model.classes == ("background", *WNIDS)
    dropped = run_convert(asked(tmp_path, 1001, 1000, choices=WeightChoices(drop_background=True)))
    assert dropped.model.classes == NAMES
    assert any("the background, was left out" in sentence for sentence in dropped.said)
    weight = kept.model.weights["linear.weight"]
    assert dropped.model.weights["linear.weight"].equal(weight[1:])
    with pytest.raises(FeatherboneError, match="--drop-background"):
        run_convert(asked(tmp_path, 1001, 1000))


def test_names_of_a_file(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("\ufeffcat\r\n dog \nGiraffe à carreaux\n\n", encoding="utf-8")
    done = run_convert(asked(tmp_path, classes=str(names)))
    assert done.model.classes == ("cat", "dog", "Giraffe à carreaux")
    assert not [sentence for sentence in done.said if "classes" in sentence]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("cat\ndog\n", "names.txt has 2 names, and the network has 3 outputs"),
        ("cat\n\ndog\n", "line 2 of .*names.txt is empty"),
        ("cat\ndog\ncat\n", "two classes are named 'cat'"),
        ("", "has 0 names"),
    ],
)
def test_names_that_do_not_fit_leave_nothing_behind(tmp_path: Path, names: str, message: str) -> None:
    (tmp_path / "names.txt").write_text(names)
    with pytest.raises(FeatherboneError, match=message):
        run_convert(asked(tmp_path, classes=str(tmp_path / "names.txt")))
    assert not (tmp_path / "model.safetensors").exists()


def test_what_stood_there_stays_where_nothing_can_be_written(tmp_path: Path) -> None:
    done = run_convert(asked(tmp_path))
    before = done.path.read_bytes()
    with pytest.raises(FeatherboneError, match="do not match"):
        run_convert(asked(tmp_path, 3, 4))
    assert done.path.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"model.safetensors", "small.json", "weights.safetensors"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": "wnids"}, "ImageNet's 1,000 classes, and the network has 3 outputs"),
        ({"out": Path("/nowhere/at/all/m.safetensors")}, "there is no folder /nowhere/at/all"),
        ({"weights": "nothing.pth"}, "cannot read nothing.pth"),
        ({"weights": "torchvision/nothing"}, "no published weights are known as 'torchvision/nothing'"),
        ({"network": "mobilenet_v9"}, "unknown network 'mobilenet_v9'"),
    ],
)
def test_what_is_not_there_is_a_sentence(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FeatherboneError, match=message):
        run_convert(asked(tmp_path, **changes))


def test_a_file_of_ours_is_one_already(tmp_path: Path) -> None:
    done = run_convert(asked(tmp_path))
    save_model(tmp_path / "again.safetensors", done.model)
    with pytest.raises(FeatherboneError, match="is a model file already"):
        run_convert(asked(tmp_path, weights=str(tmp_path / "again.safetensors")))


def test_a_network_that_does_not_classify_is_refused(tmp_path: Path) -> None:
    request = asked(tmp_path)
    Path(request.network).write_text(to_json(image(3, 8).conv(4, 3).graph("map")))
    with pytest.raises(FeatherboneError, match="writes a number for each class"):
        run_convert(request)


def test_a_folder_or_another_ending_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(FeatherboneError, match=r"--out is the folder"):
        run_convert(asked(tmp_path, out=tmp_path / "folder.safetensors"))
    for name in ("model.pth", "model"):
        with pytest.raises(FeatherboneError, match=r"a model file ends in \.safetensors"):
            asked(tmp_path, out=tmp_path / name)
