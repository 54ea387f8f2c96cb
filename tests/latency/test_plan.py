"""The kernels that ONNX Runtime runs, planned without it: compared with the graphs that it writes itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.latency.copies import ACTIVATIONS, Copies
from featherbone.latency.kernel import Family, Kernel
from featherbone.latency.plan import plan
from featherbone.latency.sketch import sketch
from featherbone.latency.timing import block_size
from featherbone.nn import untrained_onnx
from featherbone.search import Budget, SpaceCosts, named_space, sample

OPS = {
    "add": ("Add",),
    "avg_pool": ("AveragePool",),
    "concat": ("Concat",),
    "gather": ("Gather",),
    "hard_swish": ("HardSigmoid", "Mul"),
    "linear": ("Gemm",),
    "max_pool": ("MaxPool",),
    "mean": ("ReduceMean",),
    "multiply": ("Mul",),
    "relu": ("Relu",),
    "relu6": ("Clip",),
    "reorder_input": ("ReorderInput",),
    "reorder_output": ("ReorderOutput",),
    "reshape": ("Reshape",),
    "scale": ("Mul",),
    "shuffle": ("Reshape", "Transpose", "Reshape"),
    "sigmoid": ("Sigmoid",),
    "silu": ("QuickGelu",),
    "split": ("Split",),
}


def planned(graph: Graph, block: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for step in plan(sketch(graph), block=block)[0]:
        family = step.family
        if family.op == "conv":
            written = "blocked" if family.layout != "plain" else "plain"
            found[f"conv {written} {family.act} {family.adds}"] += 1
        else:
            found.update(OPS[family.op])
    return found


def written(graph: Graph, folder: Path) -> Counter[str]:
    """What ONNX Runtime itself makes of the network."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    onnxruntime.InferenceSession(untrained_onnx(graph).SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = {op: name for name, (op, _) in ACTIVATIONS.items()}
    found: Counter[str] = Counter()
    for node in onnx.load(folder / "optimised.onnx").graph.node:
        if node.op_type not in ("Conv", "FusedConv"):
            found[node.op_type] += 1
            continue
        attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        act = names[attributes["activation"].decode()] if attributes.get("activation") else ""
        adds = len([name for name in node.input if name]) > 3
        found[f"conv {'blocked' if 'nchwc' in node.domain else 'plain'} {act} {adds}"] += 1
    return found


@pytest.mark.parametrize(
    ("space", "macs"),
    [("light", 2_000_000), ("light", 30_000_000), ("mobilenet_v2", 5_000_000), ("efficientnet", 5_000_000)],
)
def test_the_plan_is_what_onnx_runtime_makes_of_a_network(space: str, macs: int, tmp_path: Path) -> None:
    block = block_size()
    costs = SpaceCosts(named_space(space, (32, 28, 24)), classes=10, channels=3)
    for design in sample(costs, Budget(macs=macs), 8, seed=5):
        graph = design.graph(classes=10, channels=3)
        assert planned(graph, block) == written(graph, tmp_path), str(design)


def test_the_plan_folds_the_norms_that_the_file_folds() -> None:
    """One rule for both: a norm stays where others read what it reads."""
    x = image(3, 8).conv(16, 3)
    graph = (x.norm(name="norm") + x).conv(16, 1).norm().flatten().linear(4).norm().graph("kept")
    kinds = [part.operator.kind for part in sketch(graph)]
    assert kinds == ["input", "conv", "batch_norm", "add", "conv", "flatten", "linear"]
    written = [node.op_type for node in untrained_onnx(graph).graph.node]
    assert written == ["Conv", "BatchNormalization", "Add", "Conv", "Reshape", "Gemm"]


def test_many_widths_at_once_are_planned_as_each_alone() -> None:
    """Where layouts differ between widths, every width gets its own kernels."""

    def network(channels: int) -> Graph:
        x = image(3, 8).conv(channels, 3).act("relu")
        return (x.conv(channels, 1) + x.conv(channels // 2, 3).act("relu").conv(channels, 1)).act("relu").graph("net")

    widths = [8, 12, 16, 20, 28, 32, 36]
    parts = sketch(network(8))
    many = [
        part._replace(channels=np.array([sketch(network(w))[at].channels[0] for w in widths]))
        for at, part in enumerate(parts)
    ]
    steps, _ = plan(many, block=16)
    for place, width in enumerate(widths):
        alone = Counter((step.family, int(step.channels_out[0])) for step in plan(sketch(network(width)), block=16)[0])
        together = Counter((step.family, int(step.channels_out[place])) for step in steps if step.runs[place])
        assert together == alone, width


@pytest.mark.parametrize("text", ["", "conv", "add plain k1x1 s1x1 g1 in16x8 out16x8x8", "add plain k1 s1 g1 in1x1x1"])
def test_a_text_that_is_no_kernel_is_refused(text: str) -> None:
    with pytest.raises(FeatherboneError, match="not the text of a kernel"):
        Kernel.parse(text)


def test_kernels_survive_their_text() -> None:
    for act, adds in (("", False), ("hard_swish", True), ("relu", False)):
        family = Family(op="conv", layout="direct", kernel=(3, 1), stride=(2, 1), groups=0, act=act, adds=adds)
        kernel = Kernel(family=family, channels_in=12, channels_out=20)
        assert Kernel.parse(str(kernel)) == kernel


def test_an_order_of_channels_is_planned_as_it_is_written_and_its_kernel_runs(tmp_path: Path) -> None:
    x = image(3, 8).conv(16, 3).act("relu").reorder(tuple(reversed(range(16)))).conv(32, 1, groups=4).act("relu")
    graph = x.global_pool().flatten().linear(10).graph("ordered")
    block = block_size()
    assert planned(graph, block) == written(graph, tmp_path)
    (family,) = (step.family for step in plan(sketch(graph), block=block)[0] if step.family.op == "gather")
    copies = Copies(Kernel(family=family, channels_in=16, channels_out=16), copies=2, block=block)
    session = onnxruntime.InferenceSession(copies.model(), providers=["CPUExecutionProvider"])
    assert session.run(None, {**copies.feed(), "none": np.zeros(1, np.float32)})[0].tolist() == [1]
