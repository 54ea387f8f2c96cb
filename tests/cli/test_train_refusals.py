"""What can't be trained is refused, in a sentence, before anything is written."""

from __future__ import annotations

import sys

import pytest

from featherbone.graph import image, to_json

TINY = "r8 | stem w4 | head w8"


ASKED = ("--network", TINY, "--epochs", "2", "--precision", "float32")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Files that are no networks for the digits, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "three.json").write_text(to_json(image(1, 8).flatten().linear(3).graph("three")))
    (tmp_path / "wide.json").write_text(to_json(image(5, 8).flatten().linear(10).graph("wide")))
    (tmp_path / "bad.toml").write_text("epoch = 3\n")
    (tmp_path / "wolf.toml").write_text("epochs = 3\nclass_weights = {wolf = 2.0}\n")
    (tmp_path / "flat.toml").write_text("epochs = 3\nresolutions = [[1, 4], [2, 8]]\n")
    (tmp_path / "flat.json").write_text(to_json(image(1, 8).flatten().linear(10).graph("flat")))
    (tmp_path / "bad.safetensors").write_bytes(b"x" * 100)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--network", "mobilenet_v22"], "unknown network 'mobilenet_v22'"),
        (["--network", "mobilenet_v2:depth=3"], "mobilenet_v2 has no setting 'depth'"),
        (["--network", "mobilenet_v2:classes=7"], "mobilenet_v2:classes=7 has classes=7; digits has 10 classes"),
        (["--network", "mobilenet_v2:image_channels=4"], "image_channels is 4; images have 1 (grey) or 3 (colour)"),
        (
            ["--network", "mobilenet_v2:small=false"],
            "mobilenet_v2:small=false can't be built for digits, 8×8: resolution is 8; this network needs a whole "
            "number of at least 32",
        ),
        (
            ["--network", "mobilenet_v2:resolution=32", "--resolution", "64"],
            "mobilenet_v2:resolution=32 takes images of 32×32; --resolution is 64",
        ),
        (["--network", "three.json"], "three.json writes 3; digits has 10 classes"),
        (["--network", "wide.json"], "wide.json takes 5 channels; images have 1 (grey) or 3 (colour)"),
        (["--network", "none.safetensors"], "cannot read none.safetensors"),
        (["--network", "bad.safetensors"], "bad.safetensors is"),
        (["--network", "model.onnx"], "model.onnx is a file to run, not to train"),
        (["--network", "r8 | stem w4 | bulky w8"], "unknown block kind 'bulky' in a design"),
        (["--network", TINY, "--recipe", "digitz"], "no recipe is named 'digitz'"),
        (["--network", TINY, "--recipe", "bad.toml"], "bad.toml: recipe has no field 'epoch'"),
        (["--network", TINY, "--lr", "-1"], "learning_rate is -1.0; it must be positive"),
        (["--network", TINY, "--setting", "flaot32"], "a setting has no word 'flaot32'"),
        (["--network", TINY, "--setting", "float16"], "--setting has float16, which is for GPUs"),
        (
            ["--network", TINY, "--setting", "float32", "--precision", "bfloat16"],
            "--precision is bfloat16, and --setting has float32",
        ),
        (["--network", TINY, "--lr", "1", "--find-lr"], "--lr is 1, and --find-lr asks for another one"),
        (["--network", TINY, "--freeze", "all"], "--freeze is 'all'; it must be none, backbone or a number of stages"),
        (
            ["--network", TINY, "--freeze", "9"],
            f"freeze is 9, and {TINY} has 2 stages before its classifier: stem, head",
        ),
        (["--network", TINY, "--freeze", "1"], f"the recipe freezes 1 of its stages, and {TINY} begins with random"),
        (
            ["--network", TINY, "--freeze", "backbone"],
            f"the recipe freezes the backbone, and {TINY} begins with random",
        ),
        (["--network", TINY, "--recipe", "fine-tune"], f"the recipe freezes the backbone, and {TINY} begins with"),
        (
            ["--network", TINY, "--recipe", "fine-tune", "--freeze", "none"],
            f"the recipe holds the statistics of its norms (hold_statistics), and {TINY} begins with random weights",
        ),
        (["--network", TINY, "--recipe", "wolf.toml"], "class_weights"),
        (["--network", "flat.json", "--recipe", "flat.toml"], "flat cannot take images of 4×4 with the same weights"),
        (["--network", TINY, "--device", "tpu"], "--device is 'tpu'; known: auto, cpu, cuda"),
        (["--network", TINY, "--precision", "int8"], "--precision is 'int8'; known: auto, float32, bfloat16"),
        (["--network", TINY, "--temperature", "2"], "--temperature is given without a teacher"),
        (["--network", TINY, "--teacher-precision", "bfloat16"], "--teacher-precision is given without a teacher"),
        (["--network", TINY, "--teacher", "bad.safetensors"], "bad.safetensors is"),
        (["--network", TINY, "--weights", "torchvision/mobilenet_v22"], "no published weights are known as"),
        (["--network", TINY, "--name", "../up"], "the name '../up' is no plain folder name"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(featherbone, files, arguments, sentence):
    before = sorted(path.name for path in files.iterdir())
    ended = featherbone("train", "digits", *arguments)
    assert ended.code == 2
    assert f"error: {sentence}" in ended.err, ended.err
    assert "Traceback" not in ended.err
    assert sorted(path.name for path in files.iterdir()) == before


def test_tensorboard_is_asked_for_by_name(featherbone, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    ended = featherbone("train", "digits", *ASKED, "--out", tmp_path / "run", "--tensorboard")
    assert ended.code == 2
    assert "error: --tensorboard needs the package tensorboard" in ended.err
    assert "hint:  pip install 'featherbone[tensorboard]'" in ended.err
    assert not (tmp_path / "run").exists()
