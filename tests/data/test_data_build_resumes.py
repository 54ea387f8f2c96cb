"""Building the cache loses no work: kills, other resolutions, several processes, files that break late."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featherbone.cache import cache_folder
from featherbone.data import index as index_module
from featherbone.data import open_dataset, pixels
from featherbone.data import survey as survey_module
from featherbone.errors import FeatherboneError

MakeFolder = Callable[..., Path]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many files were opened, and how many decoded."""
    counts = {"opened": 0, "decoded": 0}

    def counting(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            counts[name] += 1
            return real(*arguments, **options)

        return call

    monkeypatch.setattr(survey_module, "read_header", counting("opened", survey_module.read_header))
    monkeypatch.setattr(index_module, "decode", counting("decoded", index_module.decode))
    return counts


def test_other_resolutions_and_seeds_open_no_file_again(make_folder: MakeFolder, counted: dict[str, int]) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    open_dataset(root)
    assert counted == {"opened": 10, "decoded": 10}
    open_dataset(root, resolution=4)
    open_dataset(root, seed=1)
    assert counted == {"opened": 10, "decoded": 30}


@pytest.mark.parametrize("damage", ["cut", "bit", "longer"])
def test_a_damaged_survey_is_used_up_to_the_damage(
    make_folder: MakeFolder, cache: Path, counted: dict[str, int], damage: str
) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    expected = open_dataset(root, resolution=4).fingerprint
    (kept,) = cache.glob("*.survey")
    content = bytearray(kept.read_bytes())
    middle = len(content) * 55 // 100
    if damage == "cut":
        content = content[:middle]
    elif damage == "bit":
        content[middle] ^= 1
    else:
        content += b"00000000 []\n"
    kept.write_bytes(content)
    for path in cache.glob("*.json"):
        path.unlink()
    assert open_dataset(root, resolution=4).fingerprint == expected
    assert counted["opened"] == (10 if damage == "longer" else 15)
    for path in cache.glob("*.json"):
        path.unlink()
    open_dataset(root, resolution=4)
    assert counted["opened"] == (10 if damage == "longer" else 15), "it was mended"


class Killed(BaseException):
    """As Ctrl-C: nothing may catch it."""


def test_a_stopped_build_goes_on_from_the_last_mark(
    make_folder: MakeFolder, cache: Path, counted: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder({"cat": 10, "dog": 10})
    expected = open_dataset(root, cache=cache / "other")
    monkeypatch.setattr(pixels, "MARK_BYTES", 3 * 8 * 8 * 4)  # four images
    real = index_module.decode
    counted["decoded"] = 0

    def killing(*arguments: object, **options: object) -> object:
        if counted["decoded"] == 11:
            raise Killed
        return real(*arguments, **options)

    monkeypatch.setattr(index_module, "decode", killing)
    with pytest.raises(Killed):
        open_dataset(root)
    assert sorted(path.suffix for path in cache.iterdir() if path.is_file()) == [".mark", ".part", ".survey"]
    monkeypatch.setattr(index_module, "decode", real)
    data = open_dataset(root)
    assert counted == {"opened": 40, "decoded": 11 + 20 - 8}
    for name, split in expected.splits.items():
        assert np.array_equal(split.images, data.splits[name].images)
    assert data.mean == expected.mean
    assert {path.suffix for path in cache.iterdir() if path.is_file()} == {".json", ".npy", ".survey"}


@pytest.mark.parametrize("damage", ["short", "no mark", "no part"])
def test_a_mark_without_its_rows_is_not_believed(
    make_folder: MakeFolder, cache: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    root = make_folder({"cat": 10, "dog": 10})
    expected = open_dataset(root)
    (array,) = cache.glob("*.npy")
    part, mark = cache / f".{array.name}.part", cache / f".{array.name}.mark"
    content = array.read_bytes()
    array.unlink()
    part.write_bytes(content[:-1000] if damage == "short" else content)
    mark.write_text(json.dumps({"rows": 18, "broken": {}}))
    if damage == "no mark":
        mark.unlink()
        part.write_bytes(bytes(len(content)))
    elif damage == "no part":
        part.unlink()
    data = open_dataset(root)
    assert np.array_equal(data.splits["test"].images, expected.splits["test"].images)
    assert array.read_bytes() == content


def break_late(root: Path) -> None:
    """Files whose header is good and whose pixels are not."""
    for name in ("2", "7"):
        path = root / "cat" / f"{name}.png"
        path.write_bytes(path.read_bytes()[:-30])


def test_files_that_break_late_do_not_cost_a_second_pass(
    make_folder: MakeFolder, cache: Path, counted: dict[str, int]
) -> None:
    root = make_folder({"cat": 20, "dog": 20})
    break_late(root)
    data = open_dataset(root, skip_bad=True)
    assert counted["decoded"] == 40
    assert [path for path, _ in data.skipped] == ["cat/2.png", "cat/7.png"]
    for path in ("2", "7"):
        (root / "cat" / f"{path}.png").unlink()
    clean = open_dataset(root)
    assert clean.fingerprint == data.fingerprint
    for name, split in clean.splits.items():
        assert np.array_equal(split.images, data.splits[name].images)
    assert not [path for path in cache.iterdir() if path.name.startswith(".")]


def test_files_that_break_late_are_told_all_at_once(make_folder: MakeFolder, cache: Path) -> None:
    root = make_folder({"cat": 20, "dog": 20})
    break_late(root)
    with pytest.raises(FeatherboneError, match=r"(?s)^2 file\(s\) .*cat/2\.png is trunc.*cat/7\.png .*skip-bad"):
        open_dataset(root)
    assert [path.suffix for path in cache.iterdir()] == [".survey"]


SLOW = """
import sys, time
from featherbone.data import index, open_dataset, pixels
pixels.MARK_BYTES = 1000
real = index.decode
def slow(*arguments, **options):
    time.sleep(0.02)
    print("one", flush=True)
    return real(*arguments, **options)
index.decode = slow
heard = set()
data = open_dataset(sys.argv[1], progress=lambda what, *_: heard.add(what))
print("waited" if any("waiting" in what for what in heard) else "alone", data.fingerprint, flush=True)
"""


def start(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SLOW, str(root)], stdout=subprocess.PIPE, text=True)


def test_sigkill_in_the_middle_and_the_same_again(make_folder: MakeFolder, cache: Path) -> None:
    root = make_folder({"cat": 20, "dog": 20})
    with start(root) as first:
        assert first.stdout is not None
        for _ in range(20):
            first.stdout.readline()
        os.kill(first.pid, signal.SIGKILL)
    assert list(cache.glob(".*.part"))
    with start(root) as second:
        lines = second.communicate()[0].split("\n")
    assert lines.count("one") <= 25, "about half of the images were decoded before"
    again = open_dataset(root, cache=cache / "other")
    assert lines[-2] == f"alone {again.fingerprint}"
    assert np.array_equal(open_dataset(root).splits["train"].images, again.splits["train"].images)


def test_two_processes_at_once_do_the_work_once(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 20, "dog": 20})
    with start(root) as first, start(root) as second:
        outputs = [process.communicate()[0].split("\n") for process in (first, second)]
    assert sorted(output.count("one") for output in outputs) == [0, 40]
    assert outputs[0][-2].split()[1] == outputs[1][-2].split()[1]


def test_a_cache_that_may_only_be_read_serves_what_it_has(
    make_folder: MakeFolder, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    open_dataset(root)
    leftover = cache / ".old.npy.1.tmp"
    leftover.write_bytes(b"")
    os.utime(leftover, (0, 0))

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refused)
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, flags, *rest: real(path, flags, *rest) if not flags else refused())
    assert len(open_dataset(root).classes) == 2
    with pytest.raises(FeatherboneError, match="can't be written: Permission denied"):
        open_dataset(root, seed=1)


def test_unfinished_arrays_are_kept_for_a_week(cache: Path) -> None:
    cache.mkdir()
    for name, days in (("old", 8), ("fresh", 6)):
        for ending in (".part", ".mark"):
            path = cache / f".{name}.npy{ending}"
            path.write_bytes(b"half")
            os.utime(path, (time.time() - days * 86400,) * 2)
    cache_folder(None)
    assert sorted(path.name for path in cache.iterdir()) == [".fresh.npy.mark", ".fresh.npy.part"]
