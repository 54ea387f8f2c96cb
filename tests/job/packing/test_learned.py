"""``pack --time``: levels learn in rounds, the file is as good as asked, and a stopped one ends in the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.job import PackRequest, run_pack
from featherbone.job.packing import knob, learned
from featherbone.job.packing.learned import ROUNDS, LevelTeacher
from featherbone.job.packing.lessons import Lessons
from featherbone.job.packing.pack import PackedFile
from featherbone.progress import Reading

SIZE, STEPS = 1400, 6


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A training has the same steps whatever the machine is busy with, and is kept after each; few prices are tried."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEATHERBONE_CACHE", str(folder))
        patch.setattr(LevelTeacher, "_planned", planned)
        patch.setattr(learned, "SAVED", 0.0)
        patch.setattr(knob, "CLOSE", 4.0)
        yield folder


def planned(teacher: LevelTeacher, first: float) -> Lessons:
    return Lessons(prices=(first,), steps=STEPS, precision="float32")


@pytest.fixture(scope="module")
def asked(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> PackRequest:
    out = tmp_path_factory.mktemp("packed") / "a.fbone"
    return PackRequest(model=str(model_file), source="digits", out=out, size=SIZE, images=32, time=1.0)


@pytest.fixture(scope="module")
def done(asked: PackRequest) -> PackedFile:
    return run_pack(asked)


def test_what_learned_is_judged_beside_what_did_not(done: PackedFile, cache: Path) -> None:
    assert done.size == done.path.stat().st_size <= SIZE
    assert [each.learned for each in done.tried][-ROUNDS:] == list(range(1, ROUNDS + 1))
    kept = [each.verdict.drop for each in done.tried if each.size <= SIZE]
    assert done.chosen.verdict.drop == min(kept)
    assert not any((cache / "packing").glob("*")), "what was kept on the way is gone"


@pytest.mark.parametrize("moment", [STEPS, STEPS + 3])
def test_one_that_was_stopped_ends_in_the_same_bytes(
    done: PackedFile, asked: PackRequest, tmp_path: Path, moment: int
) -> None:
    other, steps = replace(asked, out=tmp_path / "b.fbone"), 0

    def stopped(event: object) -> None:
        nonlocal steps
        if isinstance(event, Reading) and event.what == "levels learn":
            steps += 1
            if steps == moment:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_pack(other, stopped)
    assert not other.out.exists()
    counted: list[int] = []
    again = run_pack(other, lambda event: counted.append(0) if getattr(event, "what", "") == "levels learn" else None)
    assert ROUNDS * STEPS - moment <= len(counted) <= ROUNDS * STEPS - moment + 1
    assert again.tried == done.tried
    assert other.out.read_bytes() == done.path.read_bytes()


def test_a_time_is_for_a_file(model_file: Path) -> None:
    with pytest.raises(FeatherboneError, match="--time are for a file"):
        PackRequest(model=str(model_file), source="digits", method="deep-compression", time=60.0)
