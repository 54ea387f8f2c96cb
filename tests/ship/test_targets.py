"""Every target is a whole value, and says what it can't do before any work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from featherbone.errors import FeatherboneError
from featherbone.nn import Model
from featherbone.quantize import QuantizedModel, nearest_network, prepared
from featherbone.ship.target import INPUTS, PRECISIONS, ExportForm
from featherbone.ship.targets import TARGETS, find_target


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_is_whole(name: str) -> None:
    target = find_target(name)
    assert target.name == name
    assert target.words
    assert target.promises.keys() <= set(PRECISIONS)
    assert set(target.inputs) <= set(INPUTS)
    if target.script is not None:
        compile(f"{target.script.imports}\n{target.script.lines}", name, "exec")
        assert "HERE" in target.script.lines
        assert "def answer(" in target.script.lines


def test_what_is_absent_is_refused_with_the_line_that_installs_it() -> None:
    target = replace(find_target("onnx"), packages=("no_such_runtime.part",), extra="fit")
    with pytest.raises(FeatherboneError, match="onnx needs the package no_such_runtime") as refused:
        target.require_installed()
    assert refused.value.hint == "pip install 'featherbone[fit]'"
    find_target("onnx").require_installed()


def test_forms_that_a_target_lacks_are_refused(named: Callable[[str], Model]) -> None:
    model, onnx = named("plain"), find_target("onnx")
    with pytest.raises(FeatherboneError, match="onnx can't hold float16; it holds float32"):
        replace(onnx, promises={"float32": onnx.promises["float32"]}).require_holds(
            model, ExportForm(precision="float16")
        )
    with pytest.raises(FeatherboneError, match="can't be written for --input image"):
        replace(onnx, inputs=("tensor",)).require_holds(model, ExportForm(input="image"))
    refusing = replace(onnx, refusals=lambda model, form: ("stem: conv is new", "stem_act: relu6 is new"))
    with pytest.raises(FeatherboneError, match=r"onnx can't hold plain in float32: stem: conv is new \(1 more\)"):
        refusing.require_holds(model, ExportForm())


def test_integers_can_only_be_written_as_integers(named: Callable[[str], Model]) -> None:
    model = named("plain")
    network = nearest_network(prepared(model.graph, model.weights), {})
    integers = QuantizedModel(network=network, classes=model.classes, preprocessing=model.preprocessing)
    with pytest.raises(FeatherboneError, match="quantized, so it can't be exported in float32"):
        find_target("onnx").require_holds(integers, ExportForm())
    find_target("onnx").require_holds(integers, ExportForm(precision="int8"))
    find_target("onnx").require_holds(model, ExportForm(precision="int8"))  # it is to be quantized
