"""The operators that hold weights, as ONNX; a norm behind a layer is folded into the layer's weights.

A folded norm costs nothing when the network runs, and every runtime would fold it itself. Folding here makes the file
that is timed, the one that is checked and the one that ships the same, whatever the runtime does. It is done while the
file is written, and not by ``featherbone.rewrite.fold`` before, as a layer that is called twice, with two norms, is
written twice; the numbers are the same (``featherbone.nn.norm_folding``).
"""

from __future__ import annotations

import numpy as np

from featherbone.graph import operators as op
from featherbone.nn.norm_folding import scale_and_shift, scaled
from featherbone.nn.onnx_writer.site import Site


def conv(operator: op.Conv, site: Site) -> None:
    _ = site.sides
    site.emit(
        "Conv",
        [*site.reads, *_weights(site)],
        kernel_shape=operator.kernel,
        strides=operator.stride,
        pads=edges(operator.padding),
        dilations=operator.dilation,
        group=operator.groups,
    )


def conv_transpose(operator: op.ConvTranspose, site: Site) -> None:
    _ = site.sides
    site.emit(
        "ConvTranspose",
        [*site.reads, *_weights(site)],
        kernel_shape=operator.kernel,
        strides=operator.stride,
        pads=operator.padding * 2,
        output_padding=operator.output_padding,
        dilations=operator.dilation,
        group=operator.groups,
    )


def linear(operator: op.Linear, site: Site) -> None:
    site.emit("Gemm", [*site.reads, *_weights(site)], transB=1)


def batch_norm(operator: op.BatchNorm, site: Site) -> None:
    """A norm that stands alone."""
    channels = int(site.node.shape[0])
    if operator.affine:
        scale, shift = site.weight("weight"), site.weight("bias")
    else:
        scale, shift = site.floats("scale", np.ones(channels)), site.floats("shift", np.zeros(channels))
    statistics = [site.weight("running_mean"), site.weight("running_var")]
    site.emit("BatchNormalization", [*site.reads, scale, shift, *statistics], epsilon=operator.epsilon)


def edges(padding: tuple[tuple[object, object], ...]) -> list[object]:
    """Padding as ONNX has it: before each side, then after each side."""
    return [*(before for before, _ in padding), *(after for _, after in padding)]


def _weights(site: Site) -> list[str]:
    """The names of weight and bias, with the norm in them that is folded into the layer."""
    operator, norm = site.node.operator, site.norm
    has_bias = "bias" in operator.parameters(*site.shapes)
    if norm is None:
        return [site.weight("weight"), *([site.weight("bias")] if has_bias else [])]
    owner, of_norm = site.node.shares or site.node.name, norm.shares or norm.name
    scale, shift = scale_and_shift(norm, lambda key: site.weights[f"{of_norm}.{key}"].cpu())
    if has_bias:
        shift = shift + scale * site.weights[f"{owner}.bias"].detach().cpu().double()
    folded = scaled(operator, site.weights[f"{owner}.weight"].cpu(), scale)
    return [
        site.draft.constant(f"{site.node.name}.weight", folded.float().numpy()),
        site.draft.constant(f"{site.node.name}.bias", shift.float().numpy()),
    ]
