"""The operators that hold weights, as ONNX; a norm behind a layer is folded into the layer's weights.

A folded norm costs nothing when the network runs, and every runtime would fold it itself. Folding here makes the file
that is timed, the one that is checked and the one that ships the same, whatever the runtime does. The norm's scale and
shift are computed in float64, so that the weights lose no more than a rounding of the scale and one of the product.
"""

from __future__ import annotations

import numpy as np

from featherbone.graph import operators as op
from featherbone.nn.onnx_writer.site import Site


def conv(operator: op.Conv, site: Site) -> None:
    _ = site.sides
    site.emit(
        "Conv",
        [*site.reads, *_weights(site, channels=0)],
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
        [*site.reads, *_weights(site, channels=1, groups=int(operator.groups))],
        kernel_shape=operator.kernel,
        strides=operator.stride,
        pads=operator.padding * 2,
        output_padding=operator.output_padding,
        dilations=operator.dilation,
        group=operator.groups,
    )


def linear(operator: op.Linear, site: Site) -> None:
    site.emit("Gemm", [*site.reads, *_weights(site, channels=0)], transB=1)


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


def _weights(site: Site, *, channels: int, groups: int = 1) -> list[str]:
    """The names of weight and bias; ``channels`` is the weight's axis of channels out, for each of the groups."""
    has_bias = "bias" in site.node.operator.parameters(*site.shapes)
    if site.norm is None:
        return [site.weight("weight"), *([site.weight("bias")] if has_bias else [])]
    owner = site.node.shares or site.node.name
    scale, shift = _norm(site)
    if has_bias:
        shift = shift + scale * site.values(f"{owner}.bias")
    weight, scale = site.values(f"{owner}.weight"), scale.astype(np.float32)
    if channels == 0:
        folded = weight * scale.reshape(-1, *(1,) * (weight.ndim - 1))
    else:  # (channels in, channels out / groups, …): each group of channels in writes its own channels out
        grouped = weight.reshape(groups, -1, *weight.shape[1:])
        folded = (grouped * scale.reshape(groups, 1, -1, *(1,) * (weight.ndim - 2))).reshape(weight.shape)
    return [
        site.draft.constant(f"{site.node.name}.weight", folded),
        site.draft.constant(f"{site.node.name}.bias", shift.astype(np.float32)),
    ]


def _norm(site: Site) -> tuple[np.ndarray, np.ndarray]:
    """What the folded norm multiplies each channel with, and adds to it."""
    norm = site.norm
    assert norm is not None, "asked only where a norm is folded"
    assert isinstance(norm.operator, op.BatchNorm), "folded_norms finds batch norms"
    owner = norm.shares or norm.name

    def statistic(key: str) -> np.ndarray:
        return site.values(f"{owner}.{key}").astype(np.float64)

    scale = 1 / np.sqrt(statistic("running_var") + norm.operator.epsilon)
    shift = np.zeros_like(scale)
    if norm.operator.affine:
        scale, shift = scale * statistic("weight"), statistic("bias")
    return scale, shift - scale * statistic("running_mean")
