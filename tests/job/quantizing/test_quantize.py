"""A whole quantization of a small network on digits: what is written, what is kept, what goes on, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from featherbone.cli.run_output import print_run
from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.job import QuantizeRequest, run_quantize
from featherbone.job.quantizing import integers
from featherbone.job.quantizing import quantize as quantize_module
from featherbone.job.quantizing.integers import BEST, KEPT
from featherbone.job.quantizing.speeds import MeasuredSpeeds, speeds
from featherbone.nn import Model, save_model
from featherbone.quantize import load_quantized, quantize
from featherbone.run_file import read_record
from featherbone.run_record import Timing
from featherbone.ship import load_predictor

NO_SPEEDS = MeasuredSpeeds(records=(), before=1.0, timing=Timing(p50_ms=1.0, p90_ms=1.0, runs=1, threads=1))


@pytest.fixture(scope="module")
def asked(model_file: Path) -> QuantizeRequest:
    return QuantizeRequest(model=str(model_file), source="digits", images=64, max_drop=1.0)


@pytest.fixture(scope="module")
def run(asked: QuantizeRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantize_module, "speeds", partial(speeds, seconds=0.02))
        return run_quantize(replace(asked, out=tmp_path_factory.mktemp("runs") / "int8"))


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantize_module, "speeds", lambda *given: NO_SPEEDS)


def test_what_is_written_is_as_good_and_says_how_it_came_about(run: Path) -> None:
    record, found = read_record(run), load_quantized(run / "model.safetensors")
    assert record is not None
    assert record.is_finished
    assert record.integers is not None
    assert record.result is not None
    assert [each.name for each in record.compared] == ["float32", "integers"]
    assert record.compared[1].test_top1 > record.compared[0].test_top1 - 0.02 > 0.8
    assert record.compared[1].file_bytes < record.compared[0].file_bytes
    assert record.integers.left_in_float == ()
    assert record.integers.rule in record.integers.divergences
    spoken = [(each.runtime, each.precision) for each in record.speeds]
    assert spoken[:2] == [("onnxruntime", "float32"), ("onnxruntime", "int8")]
    assert found.provenance["quantized"]["weights"] == 8
    assert record.result.file_bytes == (run / "model.safetensors").stat().st_size
    page = (run / "report.html").read_text()
    assert "In integers" in page
    assert "Ranges of maps" in page
    assert "No epoch is finished yet" not in page


def test_both_files_predict_the_same(run: Path, tmp_path: Path, digits) -> None:
    picture = tmp_path / "digit.png"
    Image.fromarray(digits.splits["test"].images[0][..., 0]).save(picture)
    files = [run / name for name in ("model.safetensors", "model.onnx")]
    first, second = (load_predictor(file).predict([picture])[0].top[0] for file in files)
    assert first[0] == second[0]
    assert first[1] == pytest.approx(second[1], abs=0.05)


def test_a_finished_run_is_left_as_it_is_and_another_is_refused(run: Path, asked: QuantizeRequest) -> None:
    before = (run / "run.json").read_bytes()
    run_quantize(replace(asked, out=run))
    assert (run / "run.json").read_bytes() == before
    with pytest.raises(FeatherboneError, match="holds another run: weights was 8 and is 4"):
        run_quantize(replace(asked, out=run, weights=4))


def test_a_run_that_was_killed_goes_on_with_the_integers_that_it_chose(
    run: Path, asked: QuantizeRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untimed: None
) -> None:
    stopped = tmp_path / "stopped"
    stopped.mkdir()
    facts = json.loads((run / "run.json").read_text())
    facts["result"], facts["compared"], facts["speeds"] = None, [], []
    (stopped / "run.json").write_text(json.dumps(facts))
    (stopped / KEPT).write_bytes((run / KEPT).read_bytes())
    monkeypatch.setattr(quantize_module, "choose_integers", lambda *given: pytest.fail("they were chosen once more"))
    run_quantize(replace(asked, out=stopped))
    assert (stopped / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()


def test_a_drop_that_cannot_be_kept_is_refused_with_the_best(asked: QuantizeRequest, tmp_path: Path) -> None:
    request = replace(asked, weights=2, max_drop=0.0, float_layers=0, out=tmp_path / "two")
    said = r"digit_reader loses .* points of top-1 on 359 validation images"
    with pytest.raises(FeatherboneError, match=said) as refused:
        run_quantize(request)
    assert "--weights 8" in refused.value.hint
    assert load_quantized(tmp_path / "two" / BEST).network.layers
    assert not (tmp_path / "two" / "model.safetensors").exists()


def test_the_fewest_layers_are_left_in_float(asked: QuantizeRequest, tmp_path: Path, untimed: None) -> None:
    folder = run_quantize(replace(asked, weights=2, max_drop=1.0, out=tmp_path / "some"))
    record = read_record(folder)
    assert record.integers.float_layers
    count = len(record.integers.float_layers)
    assert count <= asked.float_layers
    assert tuple(layer for layer, _ in record.integers.sensitivity[:count]) == record.integers.float_layers
    assert record.integers.val_before - record.integers.val_after <= 0.01
    assert "in float" in (folder / "report.html").read_text()


def test_integers_that_lose_too_much_learn(asked: QuantizeRequest, tmp_path: Path, untimed: None) -> None:
    asked = replace(asked, weights=2, max_drop=0.0, float_layers=0, time=1.0, out=tmp_path / "learned")
    with pytest.raises(FeatherboneError) as refused:
        run_quantize(replace(asked, time=None, out=tmp_path / "alone"))
    assert "--time" in refused.value.hint
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(integers, "learned", whole_again)
        record = read_record(run_quantize(asked))
    assert record.integers.has_learned
    assert "They learned from the network in float" in (asked.out / "report.html").read_text()


def whole_again(plan, network, choice, progress):
    """What learning would do at best: 8 bits."""
    assert plan.request.time == 1.0
    return quantize(network, plan.images)


def test_photos_without_labels_are_enough(
    asked: QuantizeRequest, loose: Path, tmp_path: Path, untimed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_quantize(replace(asked, source=loose, max_drop=5.0, out=tmp_path / "run"))
    record = read_record(folder)
    assert record.data.answered_by == "digit_reader"
    assert record.integers.val_before == record.compared[0].test_top1 == 1.0
    assert record.compared[1].test_top1 > 0.9
    assert "test top-1 agreement with digit_reader" in (folder / "report.html").read_text()
    print_run(folder, never_saw="it never saw", json=False)
    assert "% top-1 agreement with digit_reader" in capsys.readouterr().out


def folder_of(place: Path, classes: str, colour: bool = False) -> Path:
    """Ten images of each class, of noise or each of one colour."""
    draw = np.random.default_rng(0)
    for name in classes:
        (place / name).mkdir(parents=True)
        for number in range(10):
            noise = draw.integers(0, 256, (8, 8), dtype=np.uint8)
            pixels = np.full_like(noise, 10 * int(name) + number) if colour else noise
            Image.fromarray(pixels).save(place / name / f"{number}.png")
    return place


def test_bad_input_is_refused_in_a_sentence(asked: QuantizeRequest, run: Path, tmp_path: Path) -> None:
    def refused(**changed: Any) -> str:
        with pytest.raises(FeatherboneError) as error:
            run_quantize(replace(asked, **{"out": tmp_path / "refused", **changed}))
        return error.value.sentence

    assert "is quantized already" in refused(model=str(run / "model.safetensors"))
    assert "there is no model file" in refused(model="no.safetensors")
    one_colour = folder_of(tmp_path / "colours", "0123456789", colour=True)
    assert "each image is of one colour" in refused(source=one_colour, out=tmp_path / "grey")
    assert "images are too few; at least" in refused(images=2, out=tmp_path / "few")
    assert not any((tmp_path / name).exists() for name in ("refused", "grey", "few"))


def test_what_nobody_can_compute_is_named(asked: QuantizeRequest, model: Model, tmp_path: Path) -> None:
    graph = image(1, 8).opaque("fft", (4, 8, 8), name="odd").global_pool().flatten().linear(10).graph("odd")
    weights = {"linear.weight": torch.ones(10, 4), "linear.bias": torch.ones(10)}
    odd = Model(graph=graph, weights=weights, classes=model.classes, preprocessing=model.preprocessing)
    save_model(tmp_path / "odd.safetensors", odd)
    with pytest.raises(FeatherboneError, match="odd: opaque fft is outside the vocabulary"):
        run_quantize(replace(asked, model=str(tmp_path / "odd.safetensors"), out=tmp_path / "run"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"weights": 7}, "--weights is 7; it may be 8, 6, 5, 4, 3, 2 bits"),
        ({"maps": "4"}, "--maps is '4'; it may be 8, 16, float"),
        ({"max_drop": -1.0}, "--max-drop is -1.0"),
        ({"max_drop": float("nan")}, "--max-drop is nan"),
    ],
)
def test_what_is_asked_is_possible(values, said):
    with pytest.raises(FeatherboneError, match=said):
        QuantizeRequest(model="m.safetensors", source="digits", **values)
