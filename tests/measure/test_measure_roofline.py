"""Where operators stand under a roofline, and how profiles find their way back to the graph, on numbers made up."""

from __future__ import annotations

import pytest

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.measure.limits import MachineLimits
from featherbone.measure.operators import bytes_moved, join
from featherbone.measure.owners import owners
from featherbone.measure.roofline import Roofline

LIMITS = Roofline(macs_per_second=40e9, bytes_per_second=10e9)  # the ridge is 4 MACs a byte


@pytest.mark.parametrize(
    ("macs", "moved", "bound", "least"),
    [
        (8_000_000, 1_000_000, "compute", 2e-4),
        (2_000_000, 1_000_000, "memory", 1e-4),
        (4_000_000, 1_000_000, "compute", 1e-4),
        (0, 1_000_000, "memory", 1e-4),
    ],
)
def test_the_slower_of_computing_and_moving_bounds(macs: int, moved: int, bound: str, least: float) -> None:
    place = LIMITS.place(macs=macs, bytes=moved, seconds=1e-3)
    assert (place.bound, place.least_seconds) == (bound, pytest.approx(least))
    assert place.share == pytest.approx(least / 1e-3)


def test_a_roofline_takes_the_best_runtime_and_needs_limits() -> None:
    limits = MachineLimits(threads=1, macs_per_second={"torch": 3e9, "onnxruntime": 5e9}, bytes_per_second=1e9)
    assert limits.roofline.ridge == 5.0
    with pytest.raises(FeatherboneError, match="must be positive"):
        Roofline(macs_per_second=0, bytes_per_second=1e9)


FUSED = ["stem.conv_act", "block.expand_act", "block.act", "head.pool", "head.linear"]


def test_fused_nodes_belong_to_the_operator_that_computes_them(residual: Graph) -> None:
    names = [node.name for node in residual.nodes]
    assert set(FUSED) <= set(names), names
    owner = owners(residual, FUSED)
    assert {name for name, whose in owner.items() if whose == "block.act"} == {
        "block.filter",
        "block.filter_norm",
        "block.add",
        "block.act",
    }
    assert owner["stem.conv"] == owner["stem.conv_norm"] == "stem.conv_act"
    assert owner["head.flatten"] == owner["head.dropout"] == "head.pool"
    assert "image" not in owner


def test_names_of_any_node_of_a_fusion_give_the_same_groups(residual: Graph) -> None:
    """OpenVINO names a fusion after its norm, ONNX Runtime after its activation."""
    by_norm = owners(residual, ["stem.conv_norm", "block.expand_norm", "block.filter_norm", "head.pool", "head.linear"])
    by_last = owners(residual, FUSED)

    def groups(owner: dict[str, str | None]) -> set[frozenset[str]]:
        return {frozenset(name for name in owner if owner[name] == whose) for whose in set(owner.values())}

    assert groups(by_norm) == groups(by_last)


def test_a_layer_is_never_taken_for_part_of_the_next_layer() -> None:
    graph = image(3, 8).conv(4, 3, name="first").conv(4, 3, name="second").graph("two")
    assert owners(graph, ["second"]) == {"first": None, "second": "second"}
    operators, untimed = join(graph, {"second": 1e-3}, LIMITS)
    assert untimed == ("first",)
    assert [row.name for row in operators] == ["second"]


def test_rows_add_up_to_the_network(residual: Graph) -> None:
    seconds = dict.fromkeys(FUSED, 0.001) | {"stem.conv_act/2": 2e-3, "ReorderInput": 5e-4}
    operators, untimed = join(residual, seconds, LIMITS)
    assert untimed == ()
    assert sum(row.macs for row in operators) == count(residual).macs
    assert sum(row.milliseconds for row in operators) == pytest.approx(7.5)
    assert [row.name for row in operators] == [*FUSED, "ReorderInput"], "in computing order, the runtime's own last"
    assert operators[0].milliseconds == pytest.approx(3.0), "the parts of one node are one row"
    assert operators[0].description == "conv 3×3 /2"
    assert operators[-1].nodes == ()
    twice = join(residual, seconds, LIMITS, batch=2)[0]
    assert [row.macs for row in twice] == [2 * row.macs for row in operators]


def test_bytes_are_what_crosses_the_border_of_a_fusion(residual: Graph) -> None:
    fused = ["block.filter", "block.filter_norm", "block.add", "block.act"]
    maps = 16 * 8 * 8
    weights = 16 * 9 + 2 * 16
    assert bytes_moved(residual, fused) == 4 * (3 * maps + weights), "two maps in, one out"
    assert bytes_moved(residual, fused, batch=5) == 4 * (5 * 3 * maps + weights)
    assert bytes_moved(residual, ["head.linear"]) == 4 * (16 + 4 + 16 * 4 + 4), "the output of the network is written"
