"""A model costs the same as PyTorch module, as archive of torch.export, and as ONNX file of either exporter.

Each file is exported for a batch, and counted for one image, which it says.
"""

import warnings

import pytest
import torch
from export_models import FAMILIES, trained

from featherbone.cost import count
from featherbone.importing import read
from featherbone.nn.capture import trace
from featherbone.nn.capture.inputs import Whole

BATCH = 3


def exported(model, inputs, folder):
    """The model as three files."""
    with warnings.catch_warnings():  # of the exporters: about themselves
        warnings.simplefilter("ignore")
        program = torch.export.export(model, inputs)
        torch.export.save(program, folder / "model.pt2")
        torch.onnx.export(program, dynamo=True, verbose=False).save(folder / "model.onnx")
        torch.onnx.export(model, inputs, folder / "old.onnx", dynamo=False)
    return [folder / name for name in ("model.pt2", "model.onnx", "old.onnx")]


@pytest.mark.parametrize("family", FAMILIES)
def test_one_model_has_one_cost(family, tmp_path):
    build, inputs = FAMILIES[family]
    model = trained(build)
    wanted = count(trace(model, *[Whole(tensor) for tensor in inputs(1)]).graph)
    assert wanted.macs > 0
    for path in exported(model, inputs(BATCH), tmp_path):
        imported = read(path)
        found = count(imported.graph)
        assert (found.macs, found.params, found.complete) == (wanted.macs, wanted.params, True), path.name
        assert imported.warnings == (f"exported for a batch of {BATCH}: counted for one image",), path.name
