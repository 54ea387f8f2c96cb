"""Facts of blocks are read off their graphs: of those that are there, and of one that nobody here has seen."""

from __future__ import annotations

from typing import Any

import pytest

from featherbone.blocks import residual
from featherbone.errors import FeatherboneError
from featherbone.graph import Wire, concat
from featherbone.search import Design, Space, SpaceCosts, StageSpace, costs_of
from featherbone.search.propose.features import Features
from featherbone.search.propose.prior import SHORTCUT, Prior
from featherbone.search.space.block_facts import BlockFacts, facts
from featherbone.search.space.block_kinds import KINDS, Kind
from featherbone.search.space.matrix import encode

WHOLE = {"standard", "stacked", "basic"}
DEPTHWISE = {
    "depthwise_separable",
    "separable",
    "shuffle_unit",
    "shuffle_unit_v2",
    "inverted_residual",
    "universal_bottleneck",
    "convnext_like",
    "ghost_bottleneck",
}
PLAIN = {"standard", "grouped", "stacked", "asymmetric", "fire", "depthwise_separable", "separable", "ghost"}


@pytest.mark.parametrize("name", KINDS)
def test_every_block_is_what_its_paper_draws(name: str) -> None:
    assert facts(name) == BlockFacts(whole=name in WHOLE, depthwise=name in DEPTHWISE, shortcut=name not in PLAIN)


def sandwich(x: Wire, out: int, *, kernel: int, stride: int, act: str) -> Wire:
    """Two depthwise filters around a pointwise convolution, with a shortcut."""
    y = x.depthwise(kernel, stride=stride).norm().pointwise(out).norm().depthwise(kernel).norm().act(act)
    return x + y if stride == 1 and x.channels == out else y


def halves(x: Wire, out: int, *, kernel: int, stride: int, act: str) -> Wire:
    """A whole convolution beside what it reads, which is no shortcut where it is convolved again."""
    y = x.conv(out, kernel, stride=stride).norm().act(act)
    return concat(y, y).conv(out, kernel).norm()


def projected(x: Wire, out: int, *, kernel: int, stride: int, act: str) -> Wire:
    return residual(x, x.conv(out, kernel, stride=stride).norm().act(act), stride=stride, shortcut="projection")


def mixing(x: Wire, out: int, *, stride: int, **_: Any) -> Wire:
    return x.conv(out, 1, stride=stride)


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (sandwich, BlockFacts(whole=False, depthwise=True, shortcut=True)),
        (halves, BlockFacts(whole=True, depthwise=False, shortcut=False)),
        (projected, BlockFacts(whole=False, depthwise=False, shortcut=False)),
        (mixing, BlockFacts(whole=False, depthwise=False, shortcut=False)),
    ],
)
def test_a_new_block_is_one_row(monkeypatch: pytest.MonkeyPatch, block: Any, found: BlockFacts) -> None:
    monkeypatch.setitem(KINDS, "toy", Kind(function=block))
    assert facts("toy") == found


def test_a_search_knows_a_new_block_as_it_knows_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "sandwich", Kind(function=sandwich))
    stage = StageSpace(blocks=("sandwich", "standard"), depths=(1, 2), se=(False,))
    space = Space(name="new", resolutions=(8,), stem_stride=1, stages=(stage,), heads=(0.0,), widest=16)
    costs = SpaceCosts(space, classes=3, channels=1)
    designs = [Design.parse(f"r8 | stem w8 | {block} w8 d2") for block in ("sandwich", "standard")]
    for design, counted in zip(designs, costs.each(designs), strict=True):
        assert counted == costs_of(design.graph(classes=3, channels=1))
    features = Features(costs)
    rows = features.of(encode(space, designs))
    assert rows[:, features.names.index("first depthwise")].tolist() == [1, 0]
    rows[:, [features.names.index(name) for name in ("macs", "params", "first depthwise", "last depthwise")]] = 20.0
    new, plain = Prior(features, epochs=100).of(rows)
    assert new - plain == pytest.approx(SHORTCUT)


def test_an_unknown_block_has_none() -> None:
    with pytest.raises(FeatherboneError, match="unknown block kind 'basik'"):
        facts("basik")
