"""Core ML is written where coremltools is installed, and nobody claims that it was run."""

import json
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.nn import Model, Preprocessing, module, weights_of
from featherbone.ship.coreml.target import TARGET
from featherbone.ship.reference import verify_target
from featherbone.ship.target import ExportForm


def test_it_says_that_it_can_not_be_run_here(named):
    assert TARGET.words.endswith("can't be run here")
    with pytest.raises(FeatherboneError, match="can't be run here, so it can't be verified"):
        verify_target(TARGET, named("plain"), Path("model.mlpackage"), ExportForm(), np.zeros((1, 16, 16, 3), np.uint8))


def test_without_it_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr("featherbone.ship.target.find_spec", lambda name: None)
    with pytest.raises(FeatherboneError, match=r"not installed \(pip install 'featherbone\[coreml\]'\)"):
        TARGET.require_installed()


def test_images_of_two_channels_are_refused_and_tensors_are_not():
    graph = image(2, 8).flatten().linear(2).graph("two")
    seen = Preprocessing(resolution=8, channels=2, mean=(0.5, 0.5), std=(0.25, 0.25))
    model = Model(graph=graph, weights=weights_of(module(graph, seed=0)), classes=("a", "b"), preprocessing=seen)
    with pytest.raises(FeatherboneError, match="an image of 2 channels, and Core ML has images of 1 and 3"):
        TARGET.require_holds(model, ExportForm(input="image"))
    TARGET.require_holds(model, ExportForm())
    with pytest.raises(FeatherboneError, match="coreml can't hold int8"):
        TARGET.require_holds(model, ExportForm(precision="int8"))


@pytest.mark.long
@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.filterwarnings("ignore")  # of the packages that coremltools imports
def test_a_package_says_what_it_takes_and_holds_the_classes(named, tmp_path, precision):
    coremltools = pytest.importorskip("coremltools", reason="coremltools is absent: pip install 'featherbone[coreml]'")
    model = named("excited")
    (name,) = TARGET.write(model, tmp_path, ExportForm(precision=precision, input="image"))
    with ZipFile(tmp_path / name) as archive:
        archive.extractall(tmp_path)
    found = (
        coremltools.models.MLModel(str(tmp_path / name.removesuffix(".zip")), skip_model_load=True)
        .get_spec()
        .description
    )
    assert (found.input[0].name, found.output[0].name) == ("image", "probabilities")
    assert (found.input[0].type.imageType.width, found.input[0].type.imageType.height) == (16, 16)
    texts = json.loads(found.metadata.userDefined["featherbone"])
    assert json.loads(texts["featherbone.classes"]) == list(model.classes)
