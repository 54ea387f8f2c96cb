"""An export is whole, verified and replaced only by another, or refused before any work."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from digit_reader import digit_reader

from featherbone.errors import FeatherboneError
from featherbone.job import ExportRequest, run_export
from featherbone.job.exporting import export as exporting
from featherbone.job.exporting.plan import plan_exports
from featherbone.nn import save_model
from featherbone.progress import silent
from featherbone.quantize import QuantizedModel, nearest_network, prepared, save_quantized
from featherbone.ship.exported import read_exported
from featherbone.ship.predict import load_predictor


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "digits.safetensors"
    save_model(path, digit_reader())
    return path


def test_floats_and_integers_are_written_and_predict_the_same(file: Path, tmp_path: Path) -> None:
    request = ExportRequest(
        model=str(file), source="digits", to=("onnx",), precisions=("float32", "int8"), out=tmp_path, max_drop=2
    )
    outcomes = run_export(request)
    assert [each.reason for each in outcomes] == ["", ""]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["onnx-float32", "onnx-int8"]
    whole, integers = (read_exported(each.folder) for each in outcomes)
    assert whole.record.input == integers.record.input == "image"
    assert whole.record.verified_on == "256 test images of digits"
    assert integers.size < whole.size
    assert load_predictor(whole.folder).classes == tuple("0123456789")
    again = run_export(request)  # what an export wrote is replaced
    assert [each.record for each in again] == [each.record for each in outcomes]


def test_what_is_in_integers_stays_so(file: Path, tmp_path: Path) -> None:
    model = digit_reader()
    network = nearest_network(prepared(model.graph, model.weights), {}, bits=8)
    small = tmp_path / "small.safetensors"
    save_quantized(small, QuantizedModel(network=network, classes=model.classes, preprocessing=model.preprocessing))
    (outcome,) = run_export(ExportRequest(model=str(small), to=("onnx",), out=tmp_path / "out", input="tensor"))
    assert (outcome.precision, outcome.reason) == ("int8", "")
    with pytest.raises(FeatherboneError, match="is quantized, so it can't be exported in float32"):
        run_export(ExportRequest(model=str(small), to=("onnx",), precisions=("float32",), out=tmp_path / "out"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"to": ("onx",)}, "there is no target 'onx'"),
        ({"precisions": ("int8",)}, "is chosen by images, and none are given"),
        ({"model": "nowhere.safetensors"}, "there is no model file nowhere.safetensors"),
        ({"model": "mobilenet_v2"}, "is a network without weights"),
    ],
)
def test_what_can_not_be_is_refused_before_any_work(
    changes: dict[str, object], said: str, file: Path, tmp_path: Path
) -> None:
    asked = {"model": str(file), "to": ("onnx",), "out": tmp_path / "out", **changes}
    with pytest.raises(FeatherboneError, match=said):
        run_export(ExportRequest(**asked))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"precisions": ("int4",)}, "--precision is 'int4'; it may be float32, float16, int8"),
        ({"input": "photo"}, "--input is 'photo'; it may be tensor, image"),
        ({"max_drop": -1.0}, "--max-drop is -1.0"),
    ],
)
def test_words_that_nobody_knows_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(FeatherboneError, match=said):
        ExportRequest(**{"model": "m", "to": ("onnx",), "out": Path("o"), **changes})


def test_a_folder_of_other_files_is_left_alone(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "onnx-float32"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    request = ExportRequest(model=str(file), to=("onnx",), out=tmp_path)
    with pytest.raises(FeatherboneError, match=r"holds 'thesis.txt', which no export wrote"):
        plan_exports(request, silent)
    (folder / "export.json").write_text('{"files": {"model.onnx": ""}}')
    with pytest.raises(FeatherboneError, match=r"holds 'thesis.txt'"):
        plan_exports(request, silent)
    (tmp_path / "file").touch()
    with pytest.raises(FeatherboneError, match="is a file; an export needs a folder"):
        plan_exports(ExportRequest(model=str(file), to=("onnx",), out=tmp_path / "file"), silent)


def test_a_full_disk_leaves_the_export_that_was_there(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ExportRequest(model=str(file), to=("onnx",), out=tmp_path)
    (before,) = run_export(request)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(exporting, "write_export", full)
    (after,) = run_export(request)
    assert "cannot write" in after.reason
    assert "No space left on device" in after.reason
    assert [path.name for path in tmp_path.iterdir()] == ["onnx-float32"]
    assert read_exported(before.folder).record == before.record
