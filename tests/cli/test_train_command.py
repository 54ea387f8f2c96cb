"""``featherbone train`` from the shell: what it prints and writes, what it goes on from, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from featherbone.errors import FeatherboneError, ToldElsewhere
from featherbone.graph import to_json
from featherbone.nn import load_model

TINY = "r8 | stem w4 | head w8"
ASKED = ("--network", TINY, "--epochs", "2", "--precision", "float32")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEATHERBONE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run on the digits that is done, and what the command printed."""
    folder = tmp_path_factory.mktemp("runs") / "my digits"
    command = [sys.executable, "-m", "featherbone", "train", "digits", *ASKED, "--out", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return folder, ran.stdout


def test_it_prints_how_good_the_network_is_and_where_everything_is(finished):
    folder, out = finished
    result = json.loads((folder / "run.json").read_text())["result"]
    lines = out.splitlines()
    assert next(line.split("s  ")[1] for line in lines if "epoch " in line).startswith("epoch 1/2  loss ")
    assert sum("epoch " in line and "validation " in line and "  lr " in line for line in lines) == 2
    low, high = result["test_top1_interval"]
    assert (
        f"{100 * result['test_top1']:.2f} % top-1, {100 * result['test_top5']:.2f} % top-5 on 359 test images "
        f"that it never saw; 95 % interval {100 * low:.2f} to {100 * high:.2f} %" in lines
    )
    assert any(line.startswith("least recognised: ") for line in lines)
    assert any("note: " in line and " trains " in line for line in lines), "the trial says what it chose"
    assert f"try     featherbone predict '{folder}/model.onnx' IMAGE…" in lines
    assert "\x1b" not in out
    for name in ("run.json", "network.json", "log.jsonl", "model.safetensors", "model.onnx", "report.html"):
        assert (folder / name).stat().st_size > 0, name
    assert f"{TINY}, with " in (folder / "report.html").read_text()


def test_run_json_says_what_was_asked_and_what_was_decided(finished):
    folder, _ = finished
    facts = json.loads((folder / "run.json").read_text())
    assert facts["job"] == "train"
    options = ["--epochs", "2", "--precision", "float32", "--out", str(folder)]
    assert facts["command"] == ["featherbone", "train", "digits", "--network", TINY, *options]
    assert facts["recipe"]["epochs"] == 2
    assert facts["network"]["asked"] == TINY
    assert facts["setting"]["chosen"]["precision"] == "float32"
    assert len(facts["setting"]["tried"]) >= 2
    assert facts["result"]["epochs"] == 2
    assert [json.loads(line)["epoch"] for line in (folder / "log.jsonl").read_text().splitlines()] == [1, 2]
    model = load_model(folder / "model.safetensors")
    assert model.classes == tuple("0123456789")
    assert model.provenance["network"] == TINY
    assert to_json(model.graph) == (folder / "network.json").read_text()


def test_a_finished_run_is_left_as_it_is(finished, featherbone):
    folder, _ = finished
    names = ("run.json", "model.safetensors", "model.onnx", "log.jsonl", "checkpoint.safetensors")
    before = {name: (folder / name).stat().st_mtime_ns for name in names}
    ended = featherbone("train", "digits", *ASKED, "--out", folder, "--json")
    assert ended.code == 0, ended.err
    assert {name: (folder / name).stat().st_mtime_ns for name in names} == before
    assert json.loads(ended.out)["result"]["epochs"] == 2
    assert "training" not in ended.err


def test_report_and_predict_take_the_run(finished, featherbone, tmp_path):
    folder, _ = finished
    assert featherbone("report", folder).out == f"{folder / 'report.html'}\n"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "black.png")
    for name in ("model.onnx", "model.safetensors"):
        assert "%" in featherbone("predict", folder / name, tmp_path / "black.png").out


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (["--seed", "1"], "seed was 0 and is 1"),
        (["--epochs", "3"], "recipe.epochs was 2 and is 3"),
        (["--lr", "0.01"], "recipe.learning_rate was 0.2 and is 0.01"),
        (["--network", "r8 | stem w6 | head w8"], f"network was {TINY} ("),
        (["--precision", "bfloat16"], "precision was float32 and is bfloat16"),
    ],
)
def test_another_run_in_the_folder_is_refused_with_the_difference(finished, featherbone, changed, told):
    folder, _ = finished
    arguments = dict(zip(ASKED[::2], ASKED[1::2], strict=True)) | {changed[0]: changed[1]}
    words = [word for pair in arguments.items() for word in pair]
    ended = featherbone("train", "digits", *words, "--out", folder)
    assert ended.code == 2
    assert f"{folder} holds another run: " in ended.err
    assert told in ended.err
    assert f"hint:  give this one another --name, or remove {folder}" in ended.err


def test_a_training_is_no_search(finished, featherbone):
    folder, _ = finished
    ended = featherbone("fit", "digits", "--macs", "300k", "--out", folder)
    assert ended.code == 2
    assert f"{folder} holds a run of featherbone train, not of fit" in ended.err
    assert not (folder / "ledger.sqlite").exists()


def photos(root: Path, classes: dict[str, int]) -> Path:
    """Small grey pictures of two shades."""
    draw = np.random.default_rng(0)
    for name, shade in classes.items():
        (root / name).mkdir(parents=True)
        for number in range(20):
            pixels = np.clip(draw.normal(shade, 30, (8, 8)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


def test_a_model_is_tuned_to_other_classes(finished, featherbone, tmp_path):
    folder, _ = finished
    images, model = photos(tmp_path / "shades", {"dark": 60, "light": 190}), folder / "model.safetensors"
    asked = ("--network", model, "--epochs", "2", "--precision", "float32", "--out", tmp_path / "tuned")
    ended = featherbone("train", images, *asked, "--freeze", "backbone", "--json")
    assert ended.code == 0, ended.err
    assert (
        f"note: {TINY} knew 10 classes (0, 1, 2, …); these images show 2 classes (dark, light): its last layer is new, "
        "all others go on from their weights" in ended.err
    )
    facts = json.loads(ended.out)
    assert facts["network"]["weights"]["source"] == str(model)
    assert facts["recipe"]["freeze"] == "backbone"
    before, after = load_model(model), load_model(tmp_path / "tuned" / "model.safetensors")
    assert after.classes == ("dark", "light")
    assert after.preprocessing == before.preprocessing
    assert after.weights["stem.conv.weight"].equal(before.weights["stem.conv.weight"])
    other = featherbone("train", images, "--network", TINY, "--epochs", "2", "--out", tmp_path / "tuned")
    assert "weights was" in other.err


def test_weights_are_bare_and_models_bring_what_they_know(finished, featherbone, tmp_path):
    folder, _ = finished
    model, out = folder / "model.safetensors", tmp_path / "run"
    ended = featherbone("train", "digits", *ASKED, "--weights", model, "--out", out)
    assert (ended.code, f"hint:  give it as --network {model}" in ended.err) == (2, True)
    assert f"error: {model} holds a model with its network, classes and preprocessing; --weights is for" in ended.err
    ended = featherbone("train", "digits", *ASKED, "--weights", folder / "checkpoint.safetensors", "--out", out)
    assert (ended.code, "is the checkpoint of a run" in ended.err) == (2, True)
    assert not out.exists()


def test_other_images_are_refused_with_their_numbers(finished, featherbone, tmp_path):
    folder, _ = finished
    images = photos(tmp_path / "shades", {"dark": 60, "light": 190})
    ended = featherbone("train", images, *ASKED, "--out", folder)
    assert ended.code == 2
    assert "data was 1079/359/359 images of 10 classes, 1×8×8 (" in ended.err
    assert " and is 28/6/6 images of 2 classes, 1×8×8 (" in ended.err


def test_interrupted_says_that_the_same_command_continues_and_it_does(tmp_path):
    folder = tmp_path / "run"
    asked = ["--network", TINY, "--epochs", "400", "--precision", "float32", "--out", str(folder)]
    command = [sys.executable, "-m", "featherbone", "train", "digits", *asked]
    for _ in range(2):
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert running.stdout is not None
        first = next(line for line in running.stdout if "epoch " in line and "loss" in line)
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=120)
        assert running.returncode == 130, errors
        assert "which is saved" in out
        assert "the same command continues where it stopped" in errors
        assert "Traceback" not in errors
    assert "epoch   1/400" not in first, "the second one went on"
    assert json.loads((folder / "run.json").read_text())["result"] is None


@pytest.mark.parametrize(("kind", "said"), [(FeatherboneError, True), (ToldElsewhere, False)])
def test_of_several_processes_one_tells_what_stops_them_all(featherbone, monkeypatch, kind, said):
    def refused(*_, **__):
        raise kind("the folder is in use", hint="wait")

    monkeypatch.setattr("featherbone.job.run_train", refused)
    ended = featherbone("train", "digits", "--network", TINY)
    assert (ended.code, "the folder is in use" in ended.err) == (2, said)


def test_a_setting_that_is_asked_for_is_no_trial(featherbone, tmp_path):
    asked = ("train", "digits", "--network", TINY, "--epochs", "1", "--out", tmp_path / "run")
    assert featherbone(*asked, "--setting", "NCHW, float32, 1 thread").code == 0
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    expected = {"channels_last": False, "precision": "float32", "fused": False, "compiled": False, "threads": 1}
    assert facts["setting"]["chosen"] == expected
    assert [one["setting"] for one in facts["setting"]["tried"]] == ["NCHW, float32, 1 thread"]
    assert facts["command"][-4:-2] == ["--setting", "NCHW, float32, 1 thread"]
    other = featherbone(*asked, "--setting", "float32, 1 thread")
    assert other.code == 2
    assert "setting was NCHW, float32, 1 thread and is channels_last, float32, 1 thread" in other.err
