"""OpenVINO's files keep their promise, and integers stay on the grids that we chose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from quantizing import quantized

from featherbone.errors import FeatherboneError
from featherbone.nn import Model
from featherbone.quantize import QuantizedModel
from featherbone.ship.openvino.target import FILE, TARGET, WEIGHTS
from featherbone.ship.reference import verify_target
from featherbone.ship.target import ExportForm, Shipped

pytest.importorskip("openvino")


@pytest.mark.parametrize("given", ["tensor", "image"])
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_file_keeps_its_promise_and_a_changed_one_does_not(
    precision: str, given: str, named: Callable[[str], Model], tmp_path: Path, images: np.ndarray
) -> None:
    trained = named("excited")
    model: Shipped = trained
    held = trained.weights["classify.weight"].numpy().tobytes()
    if precision == "int8":
        network = quantized(trained.graph)
        model = QuantizedModel(network=network, classes=trained.classes, preprocessing=trained.preprocessing)
        held = network.layers["classify"].levels.numpy().tobytes()
    form = ExportForm(precision=precision, input=given)
    assert TARGET.write(model, tmp_path, form) == (FILE, WEIGHTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == [WEIGHTS, FILE]
    found = verify_target(TARGET, model, tmp_path / FILE, form, images)
    assert found.passed, found.reason
    content = (tmp_path / WEIGHTS).read_bytes()
    assert content.count(held) == 1, "as we wrote them"
    (tmp_path / WEIGHTS).write_bytes(content.replace(held, bytes(len(held))))
    assert not verify_target(TARGET, model, tmp_path / FILE, form, images).passed


def test_what_is_no_model_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("<net>")
    assert TARGET.open is not None
    with pytest.raises(FeatherboneError, match="is no model that OpenVINO can run"):
        TARGET.open(tmp_path / FILE, ExportForm(), 1)
