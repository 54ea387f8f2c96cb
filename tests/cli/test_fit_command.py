"""``featherbone fit`` from the shell: JSON alone on the output, notes about the data, and Ctrl-C."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path):
    """Two classes of small pictures, of two sizes, one of them a text."""
    draw = np.random.default_rng(0)
    for label, shade in (("dark cats", 60), ("bright dogs", 190)):
        (tmp_path / "my photos" / label).mkdir(parents=True)
        for number in range(14):
            pixels = np.clip(draw.normal(shade, 30, (12, 12, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).resize((12 + number % 2, 12)).save(tmp_path / "my photos" / label / f"{number}.png")
    (tmp_path / "my photos" / "dark cats" / "notes.png").write_text("no picture")
    return tmp_path / "my photos"


def test_json_alone_and_notes_and_a_quoted_hint(featherbone, photos, tmp_path):
    folder = tmp_path / "my run"
    (tmp_path / "own.toml").write_text("epochs = 2\nbatch_size = 8\n")
    work = ("--trials", "1", "--epochs", "1", "--recipe", tmp_path / "own.toml")
    arguments = ("fit", photos, "--macs", "200k", *work, "--out", folder, "--skip-bad")
    ended = featherbone(*arguments, "--json")
    assert ended.code == 0, ended.err
    facts = json.loads(ended.out)
    assert facts["run"] == str(folder)
    assert facts["result"]["macs"] <= 200_000
    assert (facts["recipe"]["epochs"], facts["recipe"]["batch_size"]) == (1, 8)
    assert facts["result"]["verification"]["passed"]
    assert "note: 1 file is left out, such as dark cats/notes.png" in ended.err
    assert "note: images have 2 sizes; each is brought to 12×12" in ended.err
    assert not list(folder.glob("unverified*"))
    again = featherbone(*arguments)
    assert f"predict '{folder}/model.onnx' IMAGE" in again.out
    assert json.loads(featherbone("report", folder, "--json").out) == {"report": str(folder / "report.html")}
    mistaken = featherbone("predict", folder, photos / "dark cats" / "0.png")
    assert mistaken.code == 2
    assert f"name the model in it: {folder}/model.onnx" in mistaken.err


def test_interrupted_says_that_the_same_command_continues(tmp_path):
    command = [sys.executable, "-m", "featherbone", "fit", "digits", "--macs", "300k", "--out", str(tmp_path / "run")]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for line in running.stdout:
        if "rung 0" in line:
            break
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "the same command continues where it stopped" in errors
    assert "Traceback" not in errors


def test_a_runtime_that_cannot_be_predicted_is_refused_before_the_images_are_read(featherbone, tmp_path):
    asked = ("fit", tmp_path / "nowhere", "--macs", "1M", "--latency", "3ms", "--runtime", "openvino")
    found = featherbone(*asked)
    assert found.code == 2
    assert "latency can be limited in onnxruntime, not in openvino" in found.err


def test_a_storage_without_a_cluster_is_refused_before_the_images_are_read(featherbone, tmp_path):
    found = featherbone("fit", tmp_path / "nowhere", "--macs", "1M", "--storage", "s3://x", "--out", tmp_path / "run")
    assert found.code == 2
    assert "--storage s3://x is given without --ray" in found.err
    assert not (tmp_path / "run").exists()


def test_with_a_limit_of_time_the_winner_is_trained_for_its_whole_schedule(featherbone, photos, tmp_path):
    folder = tmp_path / "run"
    asked = ("fit", photos, "--macs", "200k", "--time", "6s", "--out", folder, "--skip-bad", "--json")
    ended = featherbone(*asked)
    assert ended.code == 0, ended.err
    facts = json.loads(ended.out)
    shown = json.loads(featherbone("search", "show", folder, "--json").out)
    winner = next(trial for trial in shown["trials"] if trial["design"] == facts["result"]["design"])
    assert (winner["state"], winner["epochs"]) == ("done", facts["recipe"]["epochs"])
    assert len(shown["trials"]) > 1
    assert json.loads(featherbone(*asked).out) == facts


def test_a_schedule_longer_than_all_epochs_together_is_refused_before_anything_is_written(featherbone, tmp_path):
    folder = tmp_path / "run"
    ended = featherbone("fit", "digits", "--macs", "300k", "--epochs", "30", "--total-epochs", "5", "--out", folder)
    assert ended.code == 2
    assert "epochs is 30, more than the 5 of all trials together" in ended.err
    assert not folder.exists()
