"""An export's folder says what it is, and what was changed in it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.nn import Model
from featherbone.ship.export import with_script, write_export
from featherbone.ship.exported import RECORD, read_exported
from featherbone.ship.predict import load_predictor
from featherbone.ship.script import NAME, check_script
from featherbone.ship.target import ExportForm
from featherbone.ship.targets import find_target

ODD = ('a "quoted" class', "two\nlines", "it's {braces} %s \\", "naïve 鳥")


@pytest.fixture(params=["tensor", "image"])
def folder(request: pytest.FixtureRequest, trained: Model, images: np.ndarray, tmp_path: Path) -> Path:
    """An export of classes whose names are hard to write, in a folder with spaces and quotes."""
    odd = Model(graph=trained.graph, weights=trained.weights, classes=ODD, preprocessing=trained.preprocessing)
    place = tmp_path / 'it\'s a "place"'
    place.mkdir()
    form = ExportForm(input=request.param)
    write_export(find_target("onnx"), form, odd, place, images[:8], "8 images of noise")
    return place


def test_the_script_answers_as_we_do(folder: Path) -> None:
    exported = with_script(read_exported(folder))
    assert sorted(path.name for path in folder.iterdir()) == [RECORD, "model.onnx", NAME]
    assert exported.record.script == NAME
    text = (folder / NAME).read_text(encoding="utf-8")
    assert "featherbone" not in text
    assert not any(name in text for name in ODD), "names stand in export.json alone"


def test_a_script_that_answers_otherwise_is_refused(folder: Path) -> None:
    exported = with_script(read_exported(folder))
    script = folder / NAME
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("shares = probabilities", "shares = 1 - probabilities"), encoding="utf-8")
    with pytest.raises(FeatherboneError, match=r"the script predict.py says .* this featherbone says"):
        check_script(exported)
    script.write_text("raise SystemExit('no such runtime')", encoding="utf-8")
    with pytest.raises(FeatherboneError, match="fails: no such runtime"):
        check_script(exported)


def test_the_folder_and_its_file_predict(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "grey.pgm"
    picture.write_bytes(b"P5 16 16 255 " + bytes(range(256)))
    record = read_exported(folder).record
    assert record.verified_on == "8 images of noise"
    assert record.verification is not None
    assert record.verification.passed
    first, second = (load_predictor(path).predict([picture], top=4)[0].top for path in (folder, folder / "model.onnx"))
    assert [name for name, _ in first] == [name for name, _ in second]
    assert np.allclose([share for _, share in first], [share for _, share in second], atol=1e-6)
    assert {name for name, _ in first} == set(ODD)


def test_a_changed_file_is_refused(folder: Path) -> None:
    file = folder / "model.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(FeatherboneError, match=r"model.onnx is damaged: it does not match its checksum"):
        read_exported(folder)
    file.unlink()
    with pytest.raises(FeatherboneError, match=r"model.onnx is missing"):
        read_exported(folder)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", "other", "is not what featherbone export writes"),
        ("version", "9", "is of version '9'; this featherbone reads 1"),
        ("files", {"../model.onnx": "0"}, "which is not in its folder"),
        ("files", {}, "names no file"),
        ("target", 7, "target is 7"),
    ],
)
def test_a_record_that_is_no_record_is_refused(key: str, value: object, said: str, folder: Path) -> None:
    document = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    (folder / RECORD).write_text(json.dumps({**document, key: value}), encoding="utf-8")
    with pytest.raises(FeatherboneError, match=said):
        read_exported(folder)
