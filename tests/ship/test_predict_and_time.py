"""Either file predicts the same; what is not a model, or not an image, is answered with one clear sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from featherbone.errors import FeatherboneError
from featherbone.nn import Model, save_model
from featherbone.ship.metadata import ZEROS, seal
from featherbone.ship.onnx_export import export_onnx
from featherbone.ship.predict import load_predictor
from featherbone.ship.timing import time_onnx


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    noise = np.random.default_rng(1)
    paths = []
    for place, (height, width) in enumerate([(16, 16), (40, 30), (7, 90)] * 12):  # more than one batch
        paths.append(folder / f"{place}.png")
        Image.fromarray(noise.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def saved(trained: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model.safetensors"
    save_model(path, trained)
    return path


def test_both_files_predict_the_same(saved: Path, exported: Path, pictures: list[Path], trained: Model) -> None:
    ours, theirs = (load_predictor(path).predict(pictures, top=4) for path in (saved, exported))
    assert [one.path for one in ours] == [str(path) for path in pictures]
    for one, other in zip(ours, theirs, strict=True):
        assert [name for name, _ in one.top] == [name for name, _ in other.top]
        assert np.allclose([share for _, share in one.top], [share for _, share in other.top], atol=1e-5)
        assert sum(share for _, share in one.top) == pytest.approx(1)
        assert [share for _, share in one.top] == sorted((share for _, share in one.top), reverse=True)
        assert {name for name, _ in one.top} == set(trained.classes)
    assert len({one.top for one in ours}) == len(pictures), "pictures differ, so do the answers"


def test_a_prediction_is_the_training_path(saved: Path, pictures: list[Path], trained: Model) -> None:
    import torch

    from featherbone.data.batches import normalise

    settings = trained.preprocessing
    image = np.asarray(Image.open(pictures[0]))[None]
    with torch.inference_mode():
        expected = trained.module()(normalise(image, settings.mean, settings.std)).softmax(1)[0]
    name, share = load_predictor(saved).predict(pictures[:1], top=1)[0].top[0]
    assert (name, share) == (trained.classes[int(expected.argmax())], pytest.approx(float(expected.max()), abs=1e-5))


def test_both_files_see_the_part_that_the_network_was_trained_on(trained: Model, tmp_path: Path) -> None:
    """A picture whose centre is another picture: seen whole, it is judged otherwise."""
    noise = np.random.default_rng(2)
    framed, centre = tmp_path / "framed.png", tmp_path / "centre.png"
    pixels = noise.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(framed)
    Image.fromarray(pixels[8:24, 8:24]).save(centre)
    crop = replace(trained, preprocessing=replace(trained.preprocessing, crop=0.5))
    save_model(tmp_path / "model.safetensors", crop)
    export_onnx(crop, tmp_path / "model.onnx")
    save_model(tmp_path / "whole.safetensors", trained)
    whole = load_predictor(tmp_path / "whole.safetensors")
    ((name, share), *_) = whole.predict([centre])[0].top
    for file in (tmp_path / "model.safetensors", tmp_path / "model.onnx"):
        predictor = load_predictor(file)
        assert predictor.preprocessing == crop.preprocessing
        assert predictor.predict([framed])[0].top[0] == (name, pytest.approx(share, abs=1e-5))
    assert abs(whole.predict([framed])[0].top[0][1] - share) > 1e-4


def test_metadata_of_version_1_saw_the_whole_image(exported: Path, tmp_path: Path) -> None:
    proto = onnx.load(exported)
    entries = {entry.key: entry for entry in proto.metadata_props}
    settings = json.loads(entries["featherbone.preprocessing"].value)
    assert (settings.pop("crop"), settings.pop("interpolation")) == (1.0, "bilinear")
    entries["featherbone.preprocessing"].value = json.dumps(settings)
    entries["featherbone.version"].value = "1"
    entries["featherbone.sha256"].value = ZEROS
    (tmp_path / "old.onnx").write_bytes(seal(proto.SerializeToString(deterministic=True)))
    assert load_predictor(tmp_path / "old.onnx").preprocessing == load_predictor(exported).preprocessing


def test_the_name_of_a_model_decides_nothing(saved: Path, exported: Path, tmp_path: Path) -> None:
    for number, path in enumerate((saved, exported)):
        for name in (f"model{number}", f"model{number}.bin"):
            (tmp_path / name).write_bytes(path.read_bytes())
            assert load_predictor(tmp_path / name).classes == load_predictor(path).classes


def test_no_images_give_no_predictions(exported: Path) -> None:
    assert load_predictor(exported).predict([]) == []


@pytest.mark.parametrize("suffix", [".onnx", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"PK\x03\x04 not a model", bytes(range(256)) * 40])
def test_random_bytes_are_not_a_model(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    with pytest.raises(FeatherboneError) as caught:
        load_predictor(path)
    assert str(path) in caught.value.sentence
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_refused(exported: Path, saved: Path, tmp_path: Path) -> None:
    for path in (exported, saved):
        cut = tmp_path / path.name
        cut.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(FeatherboneError, match=path.name):
            load_predictor(cut)


def test_a_foreign_onnx_file_is_refused(exported: Path, tmp_path: Path) -> None:
    proto = onnx.load(exported)
    del proto.metadata_props[:]
    onnx.save(proto, tmp_path / "foreign.onnx")
    with pytest.raises(FeatherboneError, match="without featherbone's metadata"):
        load_predictor(tmp_path / "foreign.onnx")


def settings(**changes: object) -> str:
    usual = {
        "resolution": 16,
        "channels": 3,
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
        "crop": 1.0,
        "interpolation": "bilinear",
    }
    return json.dumps({**usual, **changes})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", "3", "metadata of version '3'.*reads 1 and 2"),
        ("classes", '["a", 1]', "damaged metadata"),
        ("classes", '["a", "b"]', "does not match its checksum"),
        ("preprocessing", "[]", "damaged metadata"),
        ("preprocessing", settings(channels=1, mean=[0], std=[1]), "does not match its checksum"),
        ("preprocessing", settings(std=[1, 1, 0]), "damaged metadata"),
        ("preprocessing", settings(crop=1.5), "damaged metadata"),
        ("preprocessing", '{"resolution": 16, "channels": 3, "mean": [0, 0, 0], "std": [1, 1, 1]}', "damaged metadata"),
    ],
)
def test_damaged_metadata_is_refused(key: str, value: str, message: str, exported: Path, tmp_path: Path) -> None:
    proto = onnx.load(exported)
    next(entry for entry in proto.metadata_props if entry.key == f"featherbone.{key}").value = value
    onnx.save(proto, tmp_path / "damaged.onnx")
    with pytest.raises(FeatherboneError, match=message):
        load_predictor(tmp_path / "damaged.onnx")


def test_missing_and_unknown_files_are_named(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match="there is no model file"):
        load_predictor(tmp_path / "absent.onnx")
    (tmp_path / "model.pt").write_bytes(b"x" * 20)
    with pytest.raises(
        FeatherboneError,
        match=r"model.pt is neither safetensors, packed, ONNX nor TensorFlow Lite: it begins with b'xxxxxxxxx'",
    ):
        load_predictor(tmp_path / "model.pt")
    (tmp_path / "notes.png").write_text("not an image")
    predictor = load_predictor(exported)
    with pytest.raises(FeatherboneError, match=r"notes.png: is not an image"):
        predictor.predict([tmp_path / "notes.png"])
    with pytest.raises(FeatherboneError, match=r"absent.png: there is no such file"):
        predictor.predict([tmp_path / "absent.png"])
    with pytest.raises(FeatherboneError, match="top is 0"):
        predictor.predict([], top=0)


def test_timing_says_what_it_measured(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featherbone.ship.timing.SECONDS", 0.05)
    found = time_onnx(exported)
    assert 0 < found.min_ms <= found.p50_ms <= found.p90_ms
    assert found.runs >= 100
    assert found.warmup_runs >= 10
    assert found.threads == 1
    assert found.cpu
    assert found.runtime.startswith("onnxruntime ")
    with pytest.raises(FeatherboneError, match="threads is 0"):
        time_onnx(exported, threads=0)
    with pytest.raises(FeatherboneError, match="there is no file"):
        time_onnx("absent.onnx")


def test_one_flipped_bit_anywhere_in_an_onnx_file_is_refused(exported: Path, tmp_path: Path) -> None:
    content = exported.read_bytes()
    damaged = tmp_path / "damaged.onnx"
    for place in range(0, len(content), max(1, len(content) // 40)):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(FeatherboneError):
            load_predictor(damaged)
    damaged.write_bytes(content + b"\0\0")
    with pytest.raises(FeatherboneError):
        load_predictor(damaged)
