"""Branches are merged in the file that ONNX Runtime runs: its profile speaks of what runs there."""

from __future__ import annotations

from featherbone.blocks import branched
from featherbone.cost import count
from featherbone.graph import image
from featherbone.graph.parallel import merged_graph
from featherbone.measure import Roofline, prepared, profile


def test_the_profile_has_the_multiply_adds_of_the_merged_network() -> None:
    graph = branched(image(4, 8), 4).act("relu").global_pool().flatten().linear(3).graph("tiny")
    limits = Roofline(macs_per_second=1e9, bytes_per_second=1e9)
    with prepared([graph], ["onnxruntime", "torch"]) as (subject,):
        merged, trained = (profile(subject, limits, runtime=runtime) for runtime in ("onnxruntime", "torch"))
    assert sum(row.macs for row in merged.operators) == count(merged_graph(graph)).macs < count(graph).macs
    assert sum(row.macs for row in trained.operators) == count(graph).macs
