"""What may be named as pretrained, and what is refused with a next step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.job.pretrained.models import origins, read_pretrained, require_takes
from featherbone.nn import Model, save_model, weights_of
from featherbone.progress import silent
from tests.job.pretrained.conftest import pretrained_model, residual


def saved(folder: Path, model: Model, name: str = "model") -> str:
    save_model(folder / f"{name}.safetensors", model)
    return str(folder / f"{name}.safetensors")


def test_two_networks_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = [saved(tmp_path, pretrained_model(residual(), seed=seed), str(seed)) for seed in (1, 2)]
    found = read_pretrained(files, silent)
    assert [each.name for each in found] == ["reader", "reader-2"]
    assert found[0].digest != found[1].digest


def test_the_same_network_twice_is_refused(tmp_path: Path) -> None:
    files = [saved(tmp_path, pretrained_model(residual()), name) for name in ("one", "other")]
    with pytest.raises(FeatherboneError, match=r"other.safetensors and .*one.safetensors are the same network"):
        read_pretrained(files, silent)


def test_networks_of_other_channels_do_not_go_together(tmp_path: Path) -> None:
    files = [saved(tmp_path, pretrained_model(residual(channels=count)), str(count)) for count in (1, 3)]
    with pytest.raises(FeatherboneError, match=r"1.safetensors takes 1 channels and .*3.safetensors takes 3 channels"):
        read_pretrained(files, silent)


@pytest.mark.parametrize(
    ("source", "said", "next_step"),
    [
        ("nowhere.safetensors", "there is no pretrained network 'nowhere.safetensors'", "featherbone convert"),
        ("model.onnx", "is a file to run, not to train", "featherbone convert"),
        ("timm/no_such_network", "no published weights are known as", ""),
        ("bare.pth", "holds no network that is known", "featherbone convert"),
        ("text.safetensors", "text.safetensors", ""),
    ],
)
def test_what_is_no_pretrained_network_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str, next_step: str
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(weights_of(torch.nn.Linear(2, 2)), "bare.pth")
    Path("text.safetensors").write_text("no tensors")
    with pytest.raises(FeatherboneError, match=said) as caught:
        read_pretrained([source], silent)
    assert next_step in str(caught.value.hint)


def test_other_classes_get_a_classifier_and_the_same_keep_theirs(tmp_path: Path) -> None:
    digits = open_dataset("digits")
    (other,) = read_pretrained([saved(tmp_path, pretrained_model(residual()))], silent)
    assert require_takes(other, digits).graph.output_shape == (10,)
    named = replace(pretrained_model(residual(classes=10)), classes=digits.classes)
    (same,) = read_pretrained([saved(tmp_path, named, "same")], silent)
    assert require_takes(same, digits).weights["classes.weight"].equal(named.weights["classes.weight"])


def test_a_network_that_cannot_take_the_images_says_what_it_was_made_for(tmp_path: Path) -> None:
    graph = image(1, 16).conv(4, 3).flatten().linear(3).graph("flat")
    (flat,) = read_pretrained([saved(tmp_path, pretrained_model(graph))], silent)
    with pytest.raises(FeatherboneError, match="cannot take 8×8") as caught:
        require_takes(flat, open_dataset("digits"))
    assert caught.value.hint == "give --resolution 16, which it was made for"


def test_a_cut_says_whose_it_is_and_on_which_terms(tmp_path: Path) -> None:
    weights = {"weights": {"source": "timm/reader", "licence": "apache-2.0", "remarks": []}}
    found = read_pretrained([saved(tmp_path, replace(pretrained_model(residual()), provenance=weights))], silent)
    told = origins(found, "cut reader | r8 | keep 4")
    assert told == {"name": "reader", "sha256": found[0].digest, "source": "timm/reader", "licence": "apache-2.0"}
