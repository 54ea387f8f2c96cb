"""The call of a convolution or a linear layer, whatever its numbers are."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from featherbone.graph import Shape
from featherbone.graph import operators as op
from featherbone.ship.c.call import CCall, is_depthwise, is_pointwise, plane, window
from featherbone.ship.c.steps import CStep
from featherbone.ship.c.text import constant


def layer_call(
    step: CStep,
    name: str,
    shape: Shape,
    outside: int | float,
    constants: list[str],
    finish: Mapping[str, object],
    patch_bytes: int,
) -> CCall:
    """The call of a convolution or a linear layer, whatever its numbers are."""
    node, operator = step.node, step.node.operator
    fields = window(node, shape)
    settings: dict[str, object]
    joined = f"$read{len(step.reads) - 1}" if step.sum is not None else "NULL"
    over = step.reads[-1:] if step.sum is not None else ()
    if is_depthwise(node, shape):
        sides = plane(fields)
        settings = {"window": fields, "plane": sides, "outside": outside, "weights": f"{name}_weights"}
        kind, room, over = "depthwise", prod(sides) * patch_bytes, (*over, step.reads[0])
    else:
        groups = int(operator.groups) if isinstance(operator, (op.Conv, op.ConvTranspose)) else 1
        transposed = int(isinstance(operator, op.ConvTranspose))
        settings = {"window": fields, "kernels": int(node.shape[0]), "groups": groups, "transposed": transposed}
        settings |= {"outside": outside, "weights": f"{name}_weights"}
        length = prod(fields["kernel"]) * (int(shape[0]) // groups)
        kind, room = "conv", 2 * -(-length // 4) * 4 * patch_bytes
        if is_pointwise(node) and int(node.shape[0]) <= int(shape[0]):
            over = (*over, step.reads[0])
        elif step.reads[0] in over:
            over = ()
    settings["finish"] = finish
    return CCall(
        lines=(f"{kind}(&{name}_settings, $read0, {joined}, $written, $room);",),
        kernels=("window", kind),
        constants=(*constants, constant(f"struct {kind}", f"{name}_settings", settings)),
        over=over,
        room=room,
    )
