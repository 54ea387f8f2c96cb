"""A file is opened after its checksum, and says what is wrong with what it is given."""

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.nn import save_model
from featherbone.quantize import prepared
from featherbone.ship import load_predictor
from featherbone.ship.target import ExportForm
from featherbone.ship.tflite import open_tflite
from featherbone.ship.tflite.program import runner
from featherbone.ship.tflite.target import TARGET
from featherbone.ship.tflite.write import in_float, network_bytes


@pytest.fixture
def path(integers, tmp_path):
    return tmp_path / TARGET.write(integers, tmp_path, ExportForm(precision="int8", input="image"))[0]


def test_it_answers_as_many_as_it_is_given_with_any_number_of_threads(path, images):
    one, two = open_tflite(path), open_tflite(path, threads=2)
    assert one.classes[2] == "<script>"
    assert one.takes == "image"
    found = one.answers(images[:3])
    assert found.shape == (3, 4)
    assert found.sum(1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(found, two.answers(images[:3]))
    assert np.array_equal(found[1:2], one.answers(images[1:2]))
    assert one.answers(images[:0]).shape == (0, 4)


def test_opening_writes_no_line_of_the_runtimes_own(path, capfd):
    open_tflite(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("images", [np.zeros((1, 16, 16, 3), np.float32), np.zeros((1, 15, 16, 3), np.uint8)])
def test_images_of_another_size_or_type_are_refused(path, images):
    with pytest.raises(FeatherboneError, match=r"it takes uint8 \(N, 16, 16, 3\)"):
        open_tflite(path).answers(images)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_changed_byte_is_seen_before_a_runtime_reads_the_file(path, place):
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 4
    path.write_bytes(content)
    with pytest.raises(FeatherboneError, match=r"damaged|does not match its checksum|metadata"):
        open_tflite(path)


@pytest.mark.parametrize("length", [0, 8, 100])
def test_a_file_that_breaks_off_is_refused(path, length):
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FeatherboneError):
        open_tflite(path)


def test_a_file_of_somebody_else_is_refused(trained, tmp_path):
    path = tmp_path / "other.tflite"
    path.write_bytes(network_bytes(in_float(prepared(trained.graph, trained.weights))))
    with pytest.raises(FeatherboneError, match="without featherbone's metadata"):
        open_tflite(path)


def test_what_is_no_such_file_is_refused(tmp_path):
    (tmp_path / "text.tflite").write_text("hello, world")
    with pytest.raises(
        FeatherboneError, match=r"text.tflite is not a TensorFlow Lite file: it begins with b'hello, w'"
    ):
        open_tflite(tmp_path / "text.tflite")
    with pytest.raises(FeatherboneError, match=r"none\.tflite"):
        open_tflite(tmp_path / "none.tflite")
    with pytest.raises(FeatherboneError, match="threads is 0"):
        open_tflite(tmp_path / "text.tflite", threads=0)
    with pytest.raises(FeatherboneError, match="is not a model that ai-edge-litert can run"):
        runner("odd.tflite", b"\x1c\x00\x00\x00TFL3" + bytes(64))


@pytest.mark.parametrize("form", [ExportForm(), ExportForm(input="image"), ExportForm(precision="float16")], ids=str)
def test_a_file_predicts_as_its_model_does(trained, images, tmp_path, form):
    path = tmp_path / TARGET.write(trained, tmp_path, form)[0]
    save_model(tmp_path / "model.safetensors", trained)
    ours, theirs = load_predictor(tmp_path / "model.safetensors"), load_predictor(path)
    assert (theirs.classes, theirs.trained_on) == (ours.classes, ours.trained_on)
    expected, found = ours.log_probabilities(images), theirs.log_probabilities(images)
    assert np.abs(expected - found).max() < (0.02 if form.precision == "float16" else 2e-5)
