"""Designs: their text, both ways, and the networks that they stand for."""

from __future__ import annotations

from random import Random

import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import from_json, to_json
from featherbone.search.space.block_kinds import KINDS
from featherbone.search.space.design import Design, Stage, Stem

WRONG = {
    "r32": "not a design",
    "": "not a design",
    "r32 | basic w16": "not a design",
    "r32 | stem w16 | | head w4": "not a design",
    "r32 | stem": "lacks its width",
    "r32 | stem w16 | basik w16": "did you mean basic",
    "r32 | stem w16 | head w8 | basic w16": "unknown block kind 'head'",
    "r32 | stem w16 | hed w8": "did you mean head",
    "r32 | stem w16 | basic w16 w16": "width twice",
    "r32 | stem w16 | basic w16 t4": "basic has no ratio",
    "r32 | stem w16 | basic w16 rellu": "did you mean relu",
    "r32 | stem w16 | basic w16 x3": "basic does not know 'x3'",
    "r32 | stem w16 t3": "stem does not know 't3'",
    "r32 | stem w0": "whole number from 1",
    "r32 | stem w9999999": "whole number from 1",
    "x | stem w16": "'x' is not r",
    "r32 | stem w16 | fire w6 t4": "multiple of 4",
    "r32 | stem w16 | two_stage_squeeze w4 t4": "multiple of 8",
    "r32 | stem w16 | basic w16 k4": "kernel 4; it must be odd",
    "r32 | stem w16 | ghost w16": "ghost has ratio 1; it must be at least 2",
    "r32 | stem w16 k2": "kernel 2; it must be odd",
}


def some_designs(number: int) -> list[Design]:
    """Random designs, unlike a space's: every kind, with every setting, in any order."""
    rng = Random(7)

    def stage() -> Stage:
        kind = rng.choice(list(KINDS))
        ratio = rng.choice([2, 4]) if KINDS[kind].ratio else 1
        groups = rng.choice([2, 4]) if KINDS[kind].groups else 1
        width = KINDS[kind].multiple(ratio, groups) * rng.randint(1, 3)
        settings = {"depth": rng.randint(1, 2), "kernel": rng.choice([3, 5]), "stride": rng.choice([1, 2])}
        act = rng.choice(["relu", "hard_swish"])
        return Stage(kind=kind, width=width, ratio=ratio, groups=groups, se=rng.random() < 0.5, act=act, **settings)

    return [
        Design(
            resolution=32,
            stem=Stem(width=4 * rng.randint(1, 3), kernel=rng.choice([3, 5]), stride=rng.choice([1, 2])),
            stages=tuple(stage() for _ in range(rng.randint(0, 4))),
            head=rng.choice([0, 20]),
        )
        for _ in range(number)
    ]


@pytest.mark.parametrize("text", WRONG)
def test_text_that_is_no_design_is_refused_with_the_word_that_is_wrong(text: str) -> None:
    with pytest.raises(FeatherboneError, match=WRONG[text]):
        Design.parse(text)


def test_every_design_reads_back_from_its_text_and_is_a_network() -> None:
    for design in some_designs(300):
        assert Design.parse(str(design)) == design
        graph = design.graph(classes=7, channels=3)
        assert graph.output_shape == (7,)
        assert from_json(to_json(graph)) == graph


def test_defaults_are_left_out_of_the_text() -> None:
    design = Design(resolution=8, stem=Stem(width=8), stages=(Stage(kind="basic", width=8),))
    assert str(design) == "r8 | stem w8 | basic w8"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("se", [False, True])
def test_every_kind_takes_any_stem_of_a_space_and_halves_the_map_with_stride_2(
    kind: str, stride: int, se: bool
) -> None:
    groups, ratio = (2 if KINDS[kind].groups else 1), (2 if KINDS[kind].ratio else 1)
    stage = Stage(kind=kind, width=16, depth=2, stride=stride, groups=groups, ratio=ratio, se=se)
    for channels in (4, 12, 16, 24):
        graph = Design(resolution=9, stem=Stem(width=channels), stages=(stage,)).graph(classes=2, channels=1)
        assert graph["head.pool"].shape == (16, 1, 1)
        assert graph.input_shapes(graph["head.pool"])[0] == (16, *((9, 9) if stride == 1 else (5, 5)))
        assert any(".se." in node.name for node in graph.nodes) == se


def test_a_design_of_very_many_blocks_is_refused() -> None:
    with pytest.raises(FeatherboneError, match="a design of 1,001 blocks; at most 1,000"):
        Design.parse("r32 | stem w8 | basic w8 d500 | basic w8 d501")
    assert len(Design.parse("r32 | stem w8 | basic w8 d500 | basic w8 d500").stages) == 2
