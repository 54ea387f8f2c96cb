"""Each operator of the vocabulary as one Python expression that computes it."""

from __future__ import annotations

from functools import singledispatch

from featherbone.errors import FeatherboneError
from featherbone.graph import operators as op
from featherbone.nn.layers import number, rank_of, symmetric
from featherbone.nn.place import Place, pad
from featherbone.nn.pooling import avg_pool, max_pool

IN_PLACE = {
    "elu": "F.elu",
    "hard_sigmoid": "F.hardsigmoid",
    "hard_swish": "F.hardswish",
    "leaky_relu": "F.leaky_relu",
    "mish": "F.mish",
    "relu": "F.relu",
    "relu6": "F.relu6",
    "silu": "F.silu",
}
OUT_OF_PLACE = {"gelu": "F.gelu", "sigmoid": "torch.sigmoid", "tanh": "torch.tanh"}
INTERPOLATION = {"nearest": ("nearest",) * 3, "bilinear": ("linear", "bilinear", "trilinear")}


@singledispatch
def expression(operator: op.Operator, place: Place) -> str:
    """The expression that computes ``operator``; FeatherboneError where PyTorch is not told how to."""
    raise FeatherboneError(
        f"{place.name}: {operator.describe(*place.inputs)} is outside the vocabulary, so no module can be built",
        hint="such a graph can be counted, drawn and saved, but not run",
    )


@expression.register
def _(operator: op.Conv, place: Place) -> str:
    padding = operator.padding if symmetric(operator.padding) is None else ()
    return f"{place.layer}({pad(place.x, padding)})"


@expression.register(op.BatchNorm)
@expression.register(op.ConvTranspose)
@expression.register(op.Linear)
def _(operator: op.Operator, place: Place) -> str:
    return f"{place.layer}({place.x})"


@expression.register
def _(operator: op.LocalResponseNorm, place: Place) -> str:
    alpha, beta, k = number(operator.alpha), number(operator.beta), number(operator.k)
    return f"F.local_response_norm({place.x}, {number(operator.size)}, alpha={alpha}, beta={beta}, k={k})"


@expression.register
def _(operator: op.Activation, place: Place) -> str:
    if operator.function in OUT_OF_PLACE:
        return f"{OUT_OF_PLACE[operator.function]}({place.x})"
    return f"{IN_PLACE[operator.function]}({place.x}{', inplace=True' if place.in_place else ''})"


@expression.register
def _(operator: op.Dropout, place: Place) -> str:
    return f"F.dropout({place.x}, {number(operator.probability)}, self.training)"


expression.register(op.MaxPool, max_pool)
expression.register(op.AvgPool, avg_pool)


@expression.register
def _(operator: op.GlobalPool, place: Place) -> str:
    return f"F.adaptive_{operator.reduce}_pool{rank_of(place.name, operator, place.inputs[0])}d({place.x}, 1)"


@expression.register
def _(operator: op.Resize, place: Place) -> str:
    rank = rank_of(place.name, operator, place.inputs[0])
    size = ", ".join(map(number, operator.size)) + ("," if rank == 1 else "")
    return f'F.interpolate({place.x}, size=({size}), mode="{INTERPOLATION[operator.mode][rank - 1]}")'


@expression.register
def _(operator: op.Flatten, place: Place) -> str:
    return f"torch.flatten({place.x}, 1)"


@expression.register
def _(operator: op.Add, place: Place) -> str:
    return " + ".join(place.arguments)


@expression.register
def _(operator: op.Multiply, place: Place) -> str:
    return " * ".join(place.arguments)


@expression.register
def _(operator: op.Concat, place: Place) -> str:
    return f"torch.cat([{', '.join(place.arguments)}], 1)"


@expression.register
def _(operator: op.Slice, place: Place) -> str:
    return f"{place.x}[:, {number(operator.start)}:{number(operator.stop)}]"


@expression.register
def _(operator: op.ChannelShuffle, place: Place) -> str:
    groups, channels = number(operator.groups), number(place.shape[0] // operator.groups)
    return f"{place.x}.unflatten(1, ({groups}, {channels})).transpose(1, 2).flatten(1, 2)"


@expression.register
def _(operator: op.Reorder, place: Place) -> str:
    return f"{place.x}[:, [{', '.join(map(number, operator.order))}]]"


@expression.register
def _(operator: op.PadChannels, place: Place) -> str:
    sides = ((0, 0),) * (len(place.shape) - 1)
    return pad(place.x, ((operator.before, operator.after), *sides))
