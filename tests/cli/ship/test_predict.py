"""``featherbone predict`` from the shell: folders, tables, and one bad file among good ones."""

import csv
import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "my photos"
    place.mkdir()
    for number in range(3):
        Image.fromarray(np.full((9, 9), 80 * number, np.uint8)).save(place / f"{number}.png")
    return place


def test_good_files_are_answered_beside_bad_ones(featherbone, folder, model, tmp_path):
    (folder / "1b.png").write_bytes(b"nothing")
    code, out, err = featherbone("predict", model, folder, tmp_path / "missing.png", "--csv", tmp_path / "a.csv")
    assert code == 1
    assert "3 of 5 images are in" in out
    assert "2 of 5 files could not be read as images" in err
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["path"].rpartition("/")[2] for row in rows] == ["0.png", "1.png", "1b.png", "2.png", "missing.png"]
    assert [bool(row["error"]) for row in rows] == [False, False, True, False, True]
    assert all((row["class"] in "0123456789") and row["probability2"] for row in rows if not row["error"])


def test_json_has_answers_and_errors_in_order(featherbone, folder, model):
    (folder / "1b.png").write_bytes(b"")
    code, out, _ = featherbone("predict", model, folder, "--json", "--top", "2")
    found = json.loads(out)
    assert code == 1
    assert [len(each.get("top", ())) for each in found] == [2, 2, 0, 2]
    assert found[2]["error"].endswith("1b.png: is empty")


def test_all_is_well_without_bad_files(featherbone, folder, model):
    code, out, _ = featherbone("predict", model, folder)
    assert code == 0
    assert out.count(" %") == 9
    code, _, err = featherbone("predict", model, folder.parent / "nowhere")
    assert code == 1
    assert "there is no such file" in err
