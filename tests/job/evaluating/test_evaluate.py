"""Every kind of file is evaluated alike, on splits and on photos that come undivided."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from digit_reader import digit_reader
from PIL import Image

from featherbone.data import Dataset, open_dataset
from featherbone.errors import FeatherboneError
from featherbone.job.evaluating.evaluate import evaluate_file
from featherbone.nn import Model, save_model
from featherbone.progress import Event, Noticed
from featherbone.quantize import QuantizedModel, nearest_network, prepared, save_quantized
from featherbone.report.evaluation import write_evaluation
from featherbone.run_record import DataRecord
from featherbone.ship import export_onnx
from featherbone.ship.export import write_export
from featherbone.ship.target import ExportForm
from featherbone.ship.targets import find_target
from featherbone.train import evaluate


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits")


@pytest.fixture(scope="module")
def model(digits: Dataset) -> Model:
    return digit_reader(digits)


@pytest.fixture(scope="module")
def saved(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evaluating") / "model.safetensors"
    save_model(path, model)
    return path


@pytest.fixture
def photos(tmp_path: Path, digits: Dataset) -> Path:
    """Some digits, one class of which has a single image."""
    split = digits.splits["test"]
    for label, count in (("3", 1), ("5", 4)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for place in np.flatnonzero(split.labels == int(label))[:count]:
            Image.fromarray(np.asarray(split.images[place, :, :, 0])).save(tmp_path / f"photos/{label}/{place}.png")
    return tmp_path / "photos"


def test_it_is_what_a_training_says_of_its_test_images(saved: Path, model: Model, digits: Dataset) -> None:
    found = evaluate_file(saved, "digits")
    expected = evaluate(model.module(), digits.splits["test"], digits)
    assert found.split == "test"
    assert found.record.test_top1 == expected.top1 > 0.85
    assert found.record.confusion == tuple(map(tuple, expected.confusion.tolist()))
    assert found.record.test_loss == pytest.approx(expected.loss, rel=1e-5)
    assert [each.index for each in found.record.worst] == [each.index for each in expected.worst]
    assert np.array_equal(found.pictures, digits.splits["test"].images[[each.index for each in expected.worst]])


def test_every_kind_of_file_says_the_same(saved: Path, model: Model, tmp_path: Path) -> None:
    export_onnx(model, tmp_path / "model.onnx")
    network = nearest_network(prepared(model.graph, model.weights), {})
    save_quantized(
        tmp_path / "integers.safetensors",
        QuantizedModel(network=network, classes=model.classes, preprocessing=model.preprocessing),
    )
    (tmp_path / "export").mkdir()
    write_export(
        find_target("onnx"),
        ExportForm(input="image"),
        model,
        tmp_path / "export",
        np.zeros((1, 8, 8, 1), np.uint8),
        "nothing",
    )
    expected = evaluate_file(saved, "digits", split="val").record
    for name in ("model.onnx", "integers.safetensors", "export"):
        found = evaluate_file(tmp_path / name, "digits", split="val").record
        assert found.test_count == expected.test_count == 359
        assert abs(found.test_top1 - expected.test_top1) < 0.01
        assert found.test_loss == pytest.approx(expected.test_loss, rel=0.02)


def test_photos_that_come_undivided_are_all_read(saved: Path, photos: Path) -> None:
    found = evaluate_file(saved, str(photos))
    assert (found.split, found.record.test_count) == ("all", 5)
    assert [sum(row) for row in found.record.confusion] == [0, 0, 0, 1, 0, 4, 0, 0, 0, 0]
    assert all(each.path.startswith(("3/", "5/")) for each in found.record.worst)
    assert found.facts()["images"] == 5


def test_files_that_are_no_images_are_named_or_left_out(saved: Path, photos: Path) -> None:
    (photos / "3" / "broken.png").write_bytes(b"nothing")
    with pytest.raises(FeatherboneError, match=r"1 file\(s\) of 'photos' can't be used as images:\n3/broken.png"):
        evaluate_file(saved, str(photos))
    found = evaluate_file(saved, str(photos), skip_bad=True)
    assert [path for path, _ in found.left_out] == ["3/broken.png"]
    assert found.record.test_count == 5


def test_what_it_was_trained_on_is_said(saved: Path, photos: Path) -> None:
    heard: list[Event] = []
    same = photos.rename(photos.with_name("digits"))
    evaluate_file(saved, str(same), progress=heard.append)
    assert any(isinstance(each, Noticed) and "--split test" in each.sentence for each in heard)


@pytest.mark.parametrize(("split", "seen"), [("train", True), ("val", False), ("test", False)])
def test_images_that_it_has_seen_are_told(split: str, seen: bool, saved: Path) -> None:
    heard: list[Event] = []
    evaluate_file(saved, "digits", split=split, progress=heard.append)
    assert any(isinstance(each, Noticed) and "--split test" in each.sentence for each in heard) == seen


@pytest.mark.parametrize(
    ("split", "said"), [("tset", r"--split is 'tset'; it may be train, val, test or all"), ("test", "too few images")]
)
def test_splits_that_there_are_not_are_refused(split: str, said: str, saved: Path, photos: Path) -> None:
    with pytest.raises(FeatherboneError, match=said):
        evaluate_file(saved, str(photos), split=split)


def test_a_class_that_the_network_does_not_know_is_refused(saved: Path, photos: Path) -> None:
    (photos / "3").rename(photos / "three")
    with pytest.raises(FeatherboneError, match="photos shows 'three' besides"):
        evaluate_file(saved, str(photos))


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_page_is_one_file_that_tells_all(split: str, saved: Path, tmp_path: Path) -> None:
    found = evaluate_file(saved, "digits", split=split)
    write_evaluation(
        tmp_path / "page.html",
        found.record,
        DataRecord(name="<digits>", classes=found.classes, resolution=8, channels=1),
        found.pictures,
        model="model.safetensors",
        split=found.split,
        command="featherbone evaluate model.safetensors digits",
        left_out=[("a.png", "is empty")],
    )
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "&lt;digits&gt;" in text
    assert f"{100 * found.record.test_top1:.1f} %" in text
    assert "1 file left out, as a.png, which is empty" in text
    assert f"<dt>{split} top-1</dt>" in text
    assert "Mistakes on the images" in text
    assert text.count('<img src="data:image/png;base64,') == len(
        [each for each in found.record.worst if each.true != each.predicted]
    )
