"""A model as a Core ML program, by coremltools from a program of ``torch.export``."""

from __future__ import annotations

import json
from typing import Any

import torch

from featherbone.errors import FeatherboneError
from featherbone.files import shortened
from featherbone.nn import Model, Preprocessing
from featherbone.ship.metadata import describe
from featherbone.ship.target import FLOAT16, ExportForm
from featherbone.ship.torch_program import exported_program


def converted(model: Model, form: ExportForm) -> Any:
    """A ``coremltools.models.MLModel`` with class names and preprocessing in its metadata.

        converted(model, ExportForm(input="image")).save("model.mlpackage")

    An image is one of Core ML's own, so that it takes what a camera gives; its channels are red, green, blue.

    Raises:
        FeatherboneError: coremltools refuses an operator.
    """
    import coremltools

    program = with_float_bounds(exported_program(model, from_pixels=form.takes_images).run_decompositions({}))
    precision = coremltools.precision.FLOAT16 if form.precision == FLOAT16 else coremltools.precision.FLOAT32
    answer = "probabilities" if form.takes_images else "logits"
    try:
        found = coremltools.convert(
            program,
            inputs=[_given(coremltools, model.preprocessing, form)],
            outputs=[coremltools.TensorType(name=answer)],
            convert_to="mlprogram",
            compute_precision=precision,
            minimum_deployment_target=coremltools.target.iOS16,
        )
    except (ValueError, NotImplementedError, RuntimeError) as error:
        raise FeatherboneError(
            f"coremltools can't convert {model.graph.name}: {shortened(error)}", hint="export it to onnx or tflite"
        ) from error
    found.user_defined_metadata["featherbone"] = json.dumps(describe(model), allow_nan=False)
    return found


def with_float_bounds(program: torch.export.ExportedProgram) -> torch.export.ExportedProgram:
    """The program with the bounds of each clip as floats: coremltools refuses ReLU6, whose bounds are 0 and 6."""
    for node in program.graph.nodes:
        if "hardtanh" in str(node.target):
            node.args = (node.args[0], *(float(bound) for bound in node.args[1:]))
    program.graph_module.recompile()
    return program


def _given(coremltools: Any, seen: Preprocessing, form: ExportForm) -> Any:
    """What the program takes."""
    shape = (1, *seen.shape)
    if not form.takes_images:
        return coremltools.TensorType(name="image", shape=shape)
    colours = coremltools.colorlayout
    layout = colours.GRAYSCALE if seen.channels == 1 else colours.RGB
    return coremltools.ImageType(name="image", shape=shape, color_layout=layout)
