"""Spaces by name and from files: what is read, and what is refused with the word that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.search import SPACES, Budget, Space, SpaceCosts, StageSpace, named_space, open_space, sample
from featherbone.search.space.block_kinds import KINDS

TOML = """
heads = [0, 1.5]
acts = ["silu"]
stem_stride = 1
widest = 96

[[stages]]
blocks = ["basic", "inverted_residual t4 k5"]
depths = [1, 2]
se = [false]

[[stages]]
blocks = ["fire t2"]
stride = 2
growth = [2]
widths = [16, 32, 48]
"""

PYTHON = """
from featherbone.search import Space, StageSpace


def space(resolutions):
    stages = tuple(StageSpace(blocks=("basic",), stride=stride, se=(False,)) for stride in (1, 2))
    return Space(name="mine", resolutions=resolutions, stem_stride=1, stages=stages)
"""


def test_the_light_space_holds_every_kind_and_every_family_can_be_sampled() -> None:
    assert set(named_space("light", (32,)).kinds()) == set(KINDS)
    for name in SPACES:
        costs = SpaceCosts(named_space(name, (32,)), classes=10, channels=3)
        for design in sample(costs, Budget(macs=12_500_000, params=80_000), 3, seed=0):
            assert {stage.kind for stage in design.stages} <= set(named_space(name, (32,)).kinds())


def test_a_toml_file_is_the_space_that_it_describes(tmp_path: Path) -> None:
    (tmp_path / "narrow.toml").write_text(TOML)
    first = StageSpace(blocks=("basic", "inverted_residual t4 k5"), depths=(1, 2), se=(False,))
    second = StageSpace(blocks=("fire t2",), stride=2, growth=(2.0,), widths=(16, 32, 48))
    assert open_space(str(tmp_path / "narrow.toml"), (24, 32)) == Space(
        name="narrow",
        resolutions=(24, 32),
        stem_stride=1,
        stages=(first, second),
        heads=(0.0, 1.5),
        acts=("silu",),
        widest=96,
    )
    (tmp_path / "fixed.toml").write_text('name = "other"\nresolutions = [20]\n' + TOML)
    fixed = open_space(str(tmp_path / "fixed.toml"), (24, 32))
    assert (fixed.name, fixed.resolutions) == ("other", (20,))


def test_a_python_file_defines_a_space_or_a_function_that_makes_one(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PYTHON)
    found = open_space(str(tmp_path / "mine.py"), (16,))
    assert (found.name, found.resolutions) == ("mine", (16,))
    (tmp_path / "value.py").write_text(PYTHON + "\nspace = space((20,))\n")
    assert open_space(str(tmp_path / "value.py"), (16,)).resolutions == (20,)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("heads =", "head ="), "it has no field 'head'.*did you mean heads"),
        (("depths =", "depth ="), "stage 1: it has no field 'depth'.*did you mean depths"),
        (("stem_stride = 1\n", ""), "it lacks stem_stride"),
        (('"fire t2"', '"fires t2"'), "stage 2: unknown block kind 'fires'.*did you mean fire"),
        (('"basic"', '"basic w16"'), "stage 1: the block 'basic w16' says its width"),
        (('"basic"', '"basic t4"'), "stage 1: basic has no ratio"),
        (('"basic"', '"basic", "basic"'), "stage 1: the blocks of a stage name one value twice"),
        (("[1, 2]", "3"), "depths is 3; it must be a list"),
        (("[1, 2]", "[1.5]"), "depths\\[0\\] is 1.5; it must be a whole number"),
        (("[1, 2]", "[0]"), "depths 0 only"),
        (("[1, 2]", "[]"), "there must be one or more"),
        (("[1, 2]", "[true]"), "depths\\[0\\] is True"),
        (("[false]", "[0]"), "se\\[0\\] is 0; it must be true or false"),
        (('["silu"]', '["sillu"]'), "unknown activation 'sillu'.*did you mean silu"),
        (("[16, 32, 48]", "[10]"), "no width of \\[10\\] suits fire"),
        (("widest = 96", "widest = 2"), "widest has 2"),
        (("[[stages]]", "[stages]"), "this is not TOML"),
        ((TOML, "stem_stride = 1"), "it has no stages"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    (tmp_path / "wrong.toml").write_text(TOML.replace(*change))
    with pytest.raises(FeatherboneError, match=rf"wrong\.toml: .*{told}"):
        open_space(str(tmp_path / "wrong.toml"), (32,))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1", "its space is not defined"),
        ("space = 3", "its space is int"),
        ("def space(resolutions):\n    return 1 / 0", "it stops with ZeroDivisionError"),
        ("space = (", "it stops with SyntaxError"),
    ],
)
def test_python_that_defines_no_space_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "wrong.py").write_text(text)
    with pytest.raises(FeatherboneError, match=told):
        open_space(str(tmp_path / "wrong.py"), (32,))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("mobilenetv2", "unknown space 'mobilenetv2'.*did you mean mobilenet_v2"),
        ("spaces/mine.yaml", "a file of a space ends in .toml or .py"),
        ("none.toml", "there is no file none.toml"),
    ],
)
def test_what_is_neither_a_name_nor_a_file_is_refused(source: str, told: str) -> None:
    with pytest.raises(FeatherboneError, match=told):
        open_space(source, (32,))
