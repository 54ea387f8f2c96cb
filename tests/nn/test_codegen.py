"""The generated source: any name a graph allows, nothing a graph could smuggle in, no memory held for long."""

from __future__ import annotations

import ast
import gc
import keyword
import linecache
import re
import weakref

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from featherbone.blocks import fire, inverted_residual
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Wire, image, scope, symbols
from featherbone.graph.operators import BatchNorm, Conv, Input
from featherbone.nn import module, source, weights_of

AWKWARD = [
    "0",
    "12",
    "train",
    "lambda",
    "forward",
    "graph",
    "_modules",
    "type",
    "__init__",
    "__x",
    "None",
    "self",
    "x",
    "y",
    "torch",
    "nn",
    "F",
    "print",
    "half",
    "super",
]
GRAPH_NAMES = ["", "f", "F", "nn", "torch", "none", "True", "3d-net", "class", "\\", "{boom()}", "\ud800", "é×"]
GRAPH_NAMES += ['""" + boom() + """', "a\nboom()\n"]


def _one_convolution(name: str) -> Graph:
    convolution = Conv(out_channels=3, kernel=(1, 1))
    return Graph.build("g", [("in", Input(shape=(2, 4, 4)), ()), (name, convolution, ("in",))], (name,))


@pytest.mark.parametrize("part", AWKWARD)
@pytest.mark.parametrize("form", ["{}", "a.{}", "{}.a", "{}.{}.{}"])
def test_any_name_may_be_a_node_or_a_scope(part: str, form: str) -> None:
    name = form.replace("{}", part)
    graph = _one_convolution(name)
    net = module(graph, seed=0)
    assert list(weights_of(net)) == [f"{name}.weight"]
    assert net.train().training
    assert not net.eval().training
    assert net(torch.zeros(1, 2, 4, 4)).shape == (1, 3, 4, 4)
    assert net.graph is graph


def test_the_one_name_that_torch_assigns_to_is_refused() -> None:
    with pytest.raises(FeatherboneError, match=r"stage\.training: PyTorch keeps that name"):
        module(_one_convolution("stage.training"))


@pytest.mark.parametrize("name", GRAPH_NAMES)
def test_any_graph_name_gives_a_class_and_no_code(name: str) -> None:
    text = source(image(1, 2).act("relu").graph(name))
    tree = ast.parse(text.encode("utf-8"))
    assert [type(part).__name__ for part in tree.body] == ["Import", "Import", "ImportFrom", "ClassDef"]
    assert "boom" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    made = tree.body[-1]
    assert isinstance(made, ast.ClassDef)
    assert not keyword.iskeyword(made.name)
    assert made.name not in ("F", "nn", "torch")
    module(image(1, 2).act("relu").graph(name))(torch.zeros(1, 1, 2, 2))


class Liar(float):
    def __repr__(self) -> str:
        return "boom()"


def test_a_number_is_a_number() -> None:
    graph = image(1, 2).norm(epsilon=Liar(0.1)).graph("liar")
    with pytest.raises(FeatherboneError, match="is not a number"):
        source(graph)


def test_an_opaque_operator_is_named() -> None:
    with scope("stage2"):
        graph = image(1, 8).opaque("fft", (1, 8, 8), name="spectrum").graph("g")
    with pytest.raises(FeatherboneError, match=r"stage2\.spectrum: opaque fft is outside the vocabulary"):
        module(graph)


def test_symbols_are_named() -> None:
    M, N = symbols("M N")
    with pytest.raises(FeatherboneError, match=r"image has the symbolic size M"):
        module(image(M, 8).conv(4, 1).graph("g"))
    with pytest.raises(FeatherboneError, match=r"wide has the symbolic size N"):
        module(image(3, 8).conv(N, 1, name="wide").graph("g"))


def test_a_graph_without_input_is_refused() -> None:
    graph = Graph(name="nothing", nodes=(), outputs=())
    with pytest.raises(FeatherboneError, match="nothing has no input"):
        source(graph)


def test_several_inputs_and_outputs_come_in_order() -> None:
    left, right = image(1, 4, name="left"), image(1, 4, name="right")
    total, product = left + right, left * right
    graph = product.graph("pair", total, left, total)
    assert [node.name for node in graph.inputs] == ["left", "right"]
    a, b = torch.full((1, 1, 4, 4), 2.0), torch.full((1, 1, 4, 4), 3.0)
    assert [int(output.max()) for output in module(graph)(a, b)] == [6, 5, 2, 5]


def test_the_trunk_is_x_and_the_branch_y() -> None:
    with scope("block"):
        graph = inverted_residual(image(8, 4), 8, expand=2).graph("small")
    lines = [
        line.strip() for line in source(graph).split("def forward")[1].splitlines() if "=" in line or "del" in line
    ]
    assert lines[0] == "y = self.block.expand(x)"
    assert lines[-2:] == ["x = x + y", "del y"]
    assert {line.split()[0] for line in lines[:-2]} == {"y"}


def test_an_activation_overwrites_only_what_nobody_else_needs() -> None:
    x = image(2, 4).conv(2, 1, name="conv")
    y = x.act("relu", name="shared")
    assert "inplace" not in source((x + y).graph("read twice"))
    assert "inplace" not in source(y.graph("an output", x))
    assert "inplace" not in source(image(2, 4).act("relu").graph("the input"))
    assert "inplace" not in source(x.slice(0, 1).act("relu").graph("a view"))
    assert "inplace" not in source(x.dropout(0.5).act("relu").graph("maybe the same tensor"))
    assert "inplace" in source(y.graph("alone"))


class Alive(TorchDispatchMode):
    """The largest number of elements of results that were alive at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and not any(result is given for given in args):
            size = result.numel()
            self.now += size
            self.peak = max(self.peak, self.now)
            weakref.finalize(result, self._gone, size)
        return result

    def _gone(self, size: int) -> None:
        self.now -= size


def test_dead_maps_are_not_held() -> None:
    """Four blocks need no more memory than one: each map is released when its last reader is done."""

    def peak(blocks: int) -> int:
        x = image(4, 8).conv(16, 1, name="stem")
        for number in range(blocks):
            with scope(f"block{number}"):
                x = x + fire(x, 16).conv(16, 1)
        net = module(x.graph("chain")).eval()
        with torch.no_grad(), Alive() as alive:
            net(torch.zeros(1, 4, 8, 8))
        return alive.peak

    assert peak(1) > 0
    assert peak(4) == peak(2)


def test_nodes_that_nobody_reads_are_computed_and_released() -> None:
    entries = [
        ("in", Input(shape=(1, 2, 2)), ()),
        ("lost", BatchNorm(), ("in",)),
        ("kept", BatchNorm(), ("in",)),
    ]
    graph = Graph.build("g", entries, ("kept",))
    assert re.findall(r"del (\w+)", source(graph)) == ["y"]
    assert list(weights_of(module(graph)))[:1] == ["lost.weight"]


def test_generated_source_goes_with_its_module_but_under_nobodys_feet() -> None:
    """A traceback walks through the cache, and the collector may run meanwhile: the next module sweeps."""
    graph = image(1, 2).conv(1, 1).graph("short_lived")
    net = module(graph)
    walked = [file for file in linecache.cache if "ShortLived" in file]
    assert walked
    del net
    gc.collect()
    assert all(file in linecache.cache for file in walked)
    other = module(image(1, 2).conv(1, 1).graph("next"))
    assert not [file for file in linecache.cache if "ShortLived" in file]
    assert [file for file in linecache.cache if "Next" in file]
    del other


def test_long_chains_need_no_recursion() -> None:
    x: Wire = image(1, 2)
    for _ in range(3000):
        x = x.act("relu")
    given = torch.tensor([-1.0, 0.0, 2.0, 3.0]).view(1, 1, 2, 2)
    assert torch.equal(module(x.graph("long"))(given), given.relu())


def test_the_text_needs_nothing_but_torch() -> None:
    namespace: dict[str, type[nn.Module]] = {}
    exec(source(image(3, 8).conv(4, 3).norm().act("relu").graph("stand_alone")), namespace)
    assert namespace["StandAlone"]()(torch.zeros(2, 3, 8, 8)).shape == (2, 4, 8, 8)
