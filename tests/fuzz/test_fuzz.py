"""A short run of the fuzzers; ``make fuzz`` runs the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.formats import formats
from tests.fuzz.fuzzing import Format, Tally, fuzz

SHORT = {False: 60, True: 25}  # inputs for each text and each binary format


@pytest.mark.parametrize("kind", formats(), ids=lambda kind: kind.name)
def test_damaged_inputs_are_read_or_refused_in_a_sentence(kind: Format, tmp_path: Path) -> None:
    found = fuzz(kind, SHORT[kind.binary], tmp_path, seed=1)
    assert (found.hangs, dict(found.foreign)) == (0, {})
    assert found.inputs == SHORT[kind.binary]
    assert found.refused


def test_good_inputs_are_read(tmp_path: Path) -> None:
    read: set[str] = set()
    for kind in formats():
        for seed in kind.seeds():
            path = tmp_path / kind.file
            if kind.file:
                path.write_bytes(seed if isinstance(seed, bytes) else seed.encode())
            if kind.name not in ("quantities", "torchscript"):
                kind.read(str(path) if kind.file else str(seed))
                read.add(kind.name)
    assert len(read) == len(formats()) - 2


def test_a_reader_that_is_not_careful_is_found(tmp_path: Path) -> None:
    careless = Format(name="numbers", seeds=lambda: ["300", "-5"], read=int)
    found: Tally = fuzz(careless, 50, tmp_path, seed=0)
    assert found.foreign
    assert found.inputs == 50
