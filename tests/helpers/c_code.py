"""C that was written, compiled with every warning an error, and called."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from featherbone.graph import Graph, Wire, concat
from featherbone.graph.operators import ACTIVATIONS, Activation, Conv, ConvTranspose, Input, MaxPool, Resize
from featherbone.quantize import QuantizedNetwork, integer_maps
from featherbone.quantize.rescale import to_integers
from featherbone.ship.c import CSources

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
has_compiler = bool(shutil.which("gcc"))


def every_operator(x: Wire) -> dict[str, Wire]:
    """What reads one map of 6 channels and 9 × 9 places."""
    gate = x.global_pool().pointwise(6, bias=True, name="gate").act("sigmoid", name="open")
    narrow = x.conv(3, 3, stride=3, name="narrow")
    functions = {function: x.act(function, name=f"f_{function}") for function in ACTIVATIONS}
    return functions | {
        "conv": x.conv(4, 3, stride=2, bias=True),
        "odd": x.conv(5, (1, 3)),
        "grouped": x.conv(6, 3, groups=3, dilation=2, padding=((1, 0), (2, 1))),
        "depthwise": x.depthwise(5, stride=2),
        "channels": x.conv(12, 3, groups=6),
        "pointwise": x.pointwise(5),
        "in place": x.pointwise(8).act("hard_swish").pointwise(3).act("relu"),
        "transposed": x.conv_transpose(4, 3, stride=2, padding=1, output_padding=1, bias=True),
        "transposed groups": x.conv_transpose(6, 2, stride=2, groups=3, bias=True),
        "linear": narrow.flatten().linear(5).act("relu").linear(3),
        "residual": (x + x.conv(6, 3, bias=True).act("relu6")).act("relu"),
        "residual of itself": x.conv(6, 1, name="base") + x.pointwise(6).depthwise(3),
        "sum": x + x.max_pool(3, stride=1, padding=1) + x.act("tanh"),
        "concat": concat(x, x.act("sigmoid"), x.pointwise(2)),
        "multiply": x * gate,
        "square": x * x,
        "slice": x.slice(1, 4),
        "shuffle": x.shuffle(3),
        "reorder": x.reorder((5, 0, 1, 2, 4, 3)),
        "pad channels": x.pad_channels(1, 2),
        "max pool": x.max_pool(3, stride=2, padding=1, ceil=True),
        "avg pool": x.avg_pool(3, stride=2, padding=1),
        "avg pool, ceil": x.avg_pool(2, stride=2, ceil=True, padding=((1, 0), (0, 1))),
        "avg pool, over the padding": x.avg_pool(4, stride=3, padding=1, ceil=True),
        "avg pool, not counted": x.avg_pool(3, stride=2, padding=1, count_padding=False),
        "global average": x.global_pool(),
        "global maximum": x.global_pool("max"),
        "wide": x.conv(37, 3, bias=True).act("relu").depthwise(5, stride=2).pointwise(20),
        "dilated": x.conv(18, 3, dilation=2, padding=1) + x.pointwise(18).max_pool(3, stride=1, padding=0),
        "nearest": x.resize((14, 20)),
        "bilinear": x.resize((14, 7), mode="bilinear"),
        "norm": x.act("relu").norm(),
    }


def together(wires: Mapping[str, Wire]) -> Graph:
    """All of it as one network, whose answer is what each writes, one after the other."""
    return concat(*(wire.flatten() for wire in wires.values())).graph("all of it")


def other_sides() -> list[Graph]:
    """Maps with one side, and with three."""
    line = [
        ("x", Input(shape=(3, 11)), ()),
        ("a", Conv(out_channels=4, kernel=(3,), stride=(2,), padding=((1, 0),), dilation=(1,), bias=True), ("x",)),
        ("b", Activation(function="relu"), ("a",)),
        ("c", MaxPool(kernel=(2,), stride=(1,), padding=((0, 0),)), ("b",)),
    ]
    three = ((1, 1), (0, 1), (1, 0))
    solid = [
        ("x", Input(shape=(2, 4, 5, 3)), ()),
        ("a", Conv(out_channels=3, kernel=(2, 3, 2), stride=(1, 2, 1), padding=three, dilation=(1, 1, 1)), ("x",)),
        ("b", Resize(size=(6, 3, 5), mode="nearest"), ("a",)),
        ("c", ConvTranspose(out_channels=2, kernel=(2,) * 3, stride=(2,) * 3, padding=(0,) * 3, output_padding=(0,) * 3,
                            dilation=(1,) * 3), ("b",)),
    ]  # fmt: skip
    return [Graph.build("line", line, ("c",)), Graph.build("solid", solid, ("c",))]


def written(sources: CSources, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{sources.name}.h").write_text(sources.header)
    path = folder / f"{sources.name}.c"
    path.write_text(sources.source)
    return path


def built(command: list[str]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[:2000]


def c_answers(sources: CSources, given: np.ndarray, shape: tuple[int, ...], folder: Path, *flags: str) -> np.ndarray:
    """What C writes for maps (maps × channels × sides) in its own numbers, of the type of what is given."""
    library = folder / "code.so"
    built(
        [
            "gcc",
            *STRICT,
            *(flags or ("-O0",)),
            "-shared",
            "-fPIC",
            str(written(sources, folder)),
            "-o",
            str(library),
            "-lm",
        ]
    )
    loaded = ctypes.CDLL(str(library))
    run = loaded[f"{sources.name}_{'numbers' if given.dtype == np.float32 else 'integers'}"]
    answers = []
    for each in given:
        stored = np.ascontiguousarray(np.moveaxis(each, 0, -1))
        found = np.zeros((*shape[1:], shape[0]), given.dtype)
        run(ctypes.c_void_p(stored.ctypes.data), ctypes.c_void_p(found.ctypes.data))
        answers.append(np.moveaxis(found, -1, 0))
    return np.stack(answers)


def integers_in_and_out(network: QuantizedNetwork, images: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The integers that a network reads, and those that the reference writes."""
    (name,) = network.graph.outputs
    given = to_integers(images.numpy(), network.grids[network.graph.nodes[0].name])
    return given, integer_maps(network, images.numpy(), [name])[name]
