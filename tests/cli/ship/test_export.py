"""``featherbone export`` and ``featherbone evaluate`` from the shell: what is written, said and judged."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def shipped(featherbone, model, tmp_path):
    out = tmp_path / "out put"
    code, said, errors = featherbone("export", model, "--to", "onnx", "--out", out)
    assert code == 0, errors
    return out / "onnx-float32", said


def test_what_it_offers_to_run_can_be_pasted(shipped):
    folder, said = shipped
    assert f"python '{folder}/predict.py' IMAGE" in "".join(said.split("\n")).replace("  ", " ")
    found = subprocess.run([sys.executable, folder / "predict.py"], capture_output=True, text=True, check=False)
    assert "Traceback" not in found.stderr


def test_an_export_is_judged_like_the_model_that_it_is_of(featherbone, model, shipped):
    folder, _ = shipped
    found = []
    for file in (model, folder):
        code, said, errors = featherbone("evaluate", file, "digits", "--json")
        assert code == 0, errors
        found.append(json.loads(said))
    names = [key for key in found[0] if key.startswith("top")]
    assert names
    assert [found[0][key] for key in names] == [found[1][key] for key in names]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--to", "nowhere", "--out", "x"), "nowhere"),
        (("--to", "onnx", "--precision", "int4", "--out", "x"), "--precision is 'int4'; it may be float32"),
        (("--to", "onnx", "--precision", "int8", "--out", "x"), "chosen by images, and none are given"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(
    featherbone, model, tmp_path, monkeypatch, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    code, said, errors = featherbone("export", model, *arguments)
    assert code == 2
    assert sentence in errors
    assert "Traceback" not in errors
    assert not said
    assert not list(tmp_path.iterdir())
