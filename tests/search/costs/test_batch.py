"""The law of the search: costs of many designs at once are those of their graphs, to the last byte."""

from __future__ import annotations

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.search import SPACES, Design, Space, SpaceCosts, StageSpace, costs_of, named_space
from featherbone.search.costs import batch as batching
from featherbone.search.space.block_kinds import KINDS, case_of
from featherbone.search.space.matrix import CHOICE, WIDTH, column, columns, decode, encode


def uniform(space: Space, number: int, rng: np.random.Generator) -> np.ndarray:
    """Rows in which every choice of a space is as likely as any other, whatever they cost."""
    rows = np.zeros((number, columns(space)), dtype=np.int64)
    rows[:, 0] = rng.integers(len(space.resolutions), size=number)
    rows[:, 1] = rng.integers(len(space.acts), size=number)
    rows[:, 2] = 4 * rng.integers(1, space.widest // 4 + 1, size=number)
    heads = np.array(space.heads)[rng.integers(len(space.heads), size=number)] > 0
    rows[:, 3] = np.where(heads, 4 * rng.integers(1, space.widest // 4 + 1, size=number), 0)
    for place, stage in enumerate(space.stages):
        for row in rows:
            depth = stage.depths[rng.integers(len(stage.depths))]
            choice = int(rng.integers(len(stage.choices)))
            width = int(rng.choice(stage.widths_of(stage.choices[choice], space.widest)))
            row[column(place, CHOICE) : column(place, WIDTH) + 1] = (choice, depth, width) if depth else 0
    return rows


def every_kind(widest: int) -> Space:
    """A space of every kind, with unusual settings: odd groups and ratios, a stride of 3, large kernels."""
    blocks = []
    for name, kind in KINDS.items():
        for ratio, groups, kernel in ((3, 3, 3), (2, 8, 5), (kind.least_ratio, 2, 7)):
            words = [name, f"k{kernel}"]
            words += [f"t{ratio}"] if kind.ratio and ratio > 1 else []
            words += [f"g{groups}"] if kind.groups else []
            blocks.append(" ".join(words))
    blocks = list(dict.fromkeys(blocks))
    stage = StageSpace(blocks=tuple(blocks), depths=(0, 1, 3))
    strided = (1, 2, 3, 2)
    stages = tuple(StageSpace(blocks=stage.blocks, depths=stage.depths, stride=stride) for stride in strided)
    return Space(
        name="every kind",
        resolutions=(37, 64, 21),
        stem_stride=2,
        stages=stages,
        widest=widest,
        stem_kernel=5,
        acts=("relu", "silu"),
    )


CASES = [
    ("light", (24, 28, 32), 10, 3, 120),
    ("light", (224,), 1000, 3, 25),
    ("light", (8,), 7, 1, 40),
    *((name, (32,), 10, 3, 12) for name in SPACES if name != "light"),
]


@pytest.mark.parametrize(("name", "resolutions", "classes", "channels", "number"), CASES)
def test_costs_of_a_batch_are_those_of_the_graphs(
    name: str, resolutions: tuple[int, ...], classes: int, channels: int, number: int
) -> None:
    check(named_space(name, resolutions), classes, channels, number)


@pytest.mark.parametrize("widest", [48, 480])  # narrow, so that channels are often equal; wide, as they rarely are
def test_costs_of_every_kind_with_unusual_settings_are_those_of_the_graphs(widest: int) -> None:
    check(every_kind(widest), 5, 2, 100)


def check(space: Space, classes: int, channels: int, number: int) -> None:
    rows = uniform(space, number, np.random.default_rng(3))
    found, designs = SpaceCosts(space, classes=classes, channels=channels).of_rows(rows), decode(space, rows)
    for place, design in enumerate(designs):
        assert found.row(place) == costs_of(design.graph(classes=classes, channels=channels)), str(design)
    assert decode(space, encode(space, designs)) == designs
    assert all(Design.parse(str(design)) == design for design in designs)


def test_a_large_batch_is_computed_in_pieces_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    space = named_space("resnet", (16,))
    rows = uniform(space, 100, np.random.default_rng(0))
    costs = SpaceCosts(space, classes=3, channels=1)
    whole = costs.of_rows(rows)
    monkeypatch.setattr(batching, "CHUNK", 7)
    for name, values in vars(costs.of_rows(rows)).items():
        np.testing.assert_array_equal(values, getattr(whole, name))
    assert costs.of_rows(rows[:0]).macs.shape == (0,)


def test_cases_of_arrays_are_those_of_numbers() -> None:
    m, n, g = np.random.default_rng(1).integers(1, 20, size=(3, 400))
    assert case_of(m, n, g).tolist() == [
        case_of(*each) for each in zip(m.tolist(), n.tolist(), g.tolist(), strict=True)
    ]
    assert set(case_of(m, n, g).tolist()) == set(range(6))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("r31 | stem w8 | basic w8 | basic w8 s2 | basic w8 s2", "resolution is 31"),
        ("r32 | stem w8 gelu | basic w8 gelu | basic w8 s2 gelu | basic w8 s2 gelu", "activations"),
        ("r32 | stem w6 | basic w8 | basic w8 s2 | basic w8 s2", "stem"),
        ("r32 | stem w8 | basic w8 | basic w8 s2", "stages"),
        ("r32 | stem w8 | basic w8 | basic w8 s2 | basic w1024 s2", "stages or widths"),
        ("r32 | stem w8 | basic w8 | basic w8 s2 | basic w8 s2 | head w8", "head"),
    ],
)
def test_a_design_that_is_not_in_the_space_has_no_row(text: str, told: str) -> None:
    with pytest.raises(FeatherboneError, match=told):
        encode(named_space("resnet", (32,)), [Design.parse(text)])
