"""How `featherbone factorize` tells of times and of the file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from featherbone.cli.factorize import _print_file, _print_plan
from featherbone.graph import image

GRAPH = image(3, 8).conv(8, 3, name="stem").conv(8, 3, name="inner").graph("tiny")  # 13,824 and 36,864


def plan(*times: tuple[float, float], left: tuple[tuple[str, str], ...] = ()) -> Any:
    def layer(name: str, macs: int, saved: int) -> Any:
        return SimpleNamespace(
            layer=name,
            form="grouped",
            rank=2,
            error=0.125,
            saved=saved,
            whole=SimpleNamespace(macs=macs, params=200),
            cost=SimpleNamespace(macs=macs - saved, params=100),
        )

    return SimpleNamespace(
        network=SimpleNamespace(graph=GRAPH),
        model=SimpleNamespace(graph=GRAPH),
        chosen=(layer("stem", 13_824, 3_824), layer("inner", 36_864, 16_864)),
        times=times,
        sample=None,
        table=SimpleNamespace(left=left),
    )


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_layers_stand_with_what_they_cost_before_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    _print_plan(plan((1.0, 0.5), (2.0, 1.25), left=(("scores", "it is no convolution"),)))
    lines = shown(capsys)
    assert "tiny: errors are shares of its squared weights" in lines
    assert "stem grouped 2 12.50 % 13.8 k 10.0 k 200 100 1.000 0.500" in lines
    assert "all of these 50.7 k 30.0 k 400 200 3.000 1.750" in lines
    assert "50.7 k multiply-adds, 30.0 k with these 2 layers (59.2 %)" in lines
    assert "scores it is no convolution" in lines
    assert not any("no faster" in line for line in lines)


def test_layers_that_take_longer_are_not_praised(capsys: pytest.CaptureFixture[str]) -> None:
    _print_plan(plan((1.0, 2.0), (2.0, 1.0)))
    lines = shown(capsys)
    assert any("no faster here" in line for line in lines)
    assert not any("left as they are" in line for line in lines)
    _print_plan(plan())
    assert not any("no faster" in line for line in shown(capsys)), "nothing was timed"


@pytest.mark.parametrize(("after", "slower"), [(1.5, ""), (2.0, ": no faster")])
def test_the_file_stands_with_its_answers_and_its_time(
    after: float, slower: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "small.safetensors"
    file.write_bytes(bytes(2048))
    done: Any = SimpleNamespace(agreement=0.9875, latency=(2.0, after), path=file)
    _print_file(done)
    assert shown(capsys) == [
        "answers as the model did for 98.8 % of other images",
        f"the whole network takes {after:.3g} ms here, and 2 ms before{slower}",
        f"{file}, 2.0 KiB",
    ]
    unmeasured: Any = SimpleNamespace(agreement=None, latency=None, path=file)
    _print_file(unmeasured)
    assert shown(capsys) == [f"{file}, 2.0 KiB"]
