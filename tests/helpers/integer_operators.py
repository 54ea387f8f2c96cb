"""A graph with each operator that has integers, and each of the ways in which it may be set."""

from __future__ import annotations

from featherbone.graph import Wire, concat, image
from featherbone.graph.operators import ACTIVATIONS

x = image(6, 9)
gate = x.global_pool().pointwise(6, bias=True, name="gate").act("sigmoid", name="open")
OPERATORS: dict[str, Wire] = {
    "conv": x.conv(4, 3, stride=2, bias=True),
    "conv without bias": x.conv(4, (1, 3)),
    "grouped": x.conv(6, 3, groups=3, dilation=2, padding=((1, 0), (2, 1))),
    "depthwise": x.depthwise(5, stride=2),
    "more channels a group": x.conv(12, 3, groups=6),
    "pointwise": x.pointwise(5),
    "transposed": x.conv_transpose(4, 3, stride=2, padding=1, output_padding=1, bias=True),
    "transposed groups": x.conv_transpose(6, 2, stride=2, groups=3, bias=True),
    "linear": image(3, 2).flatten().linear(5),
    "add": x + x.max_pool(3, stride=1, padding=1),
    "concat": concat(x, x.act("sigmoid")),
    "multiply": x * gate,
    "slice": x.slice(1, 4),
    "shuffle": x.shuffle(3),
    "reorder": x.reorder((5, 0, 1, 2, 4, 3)),
    "pad channels": x.pad_channels(1, 2),
    "max pool": x.max_pool(3, stride=2, padding=1, ceil=True),
    "avg pool": x.avg_pool(3, stride=2, padding=1),
    "avg pool, ceil": x.avg_pool(2, stride=2, ceil=True, padding=((1, 0), (0, 1))),
    "avg pool, over the edge": x.avg_pool(2, stride=2, ceil=True),
    "avg pool, over the padding": x.avg_pool(4, stride=3, padding=1, ceil=True),
    "avg pool, padding not counted": x.avg_pool(3, stride=2, padding=1, count_padding=False),
    "global average": x.global_pool(),
    "global maximum": x.global_pool("max"),
    "nearest": x.resize((14, 20)),
    "bilinear": x.resize((14, 7), mode="bilinear"),
    "flatten": x.flatten(),
    "norm": x.act("relu").norm(),
} | {function: x.act(function) for function in ACTIVATIONS}
