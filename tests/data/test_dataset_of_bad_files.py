"""Files that are no images: told all at once, left out on request, never a hang."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from dataset_cases import MakeFolder, same, spoil, told

from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError


def test_bad_files_are_told_all_at_once(make_folder: MakeFolder, cache: Path) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    spoil(root)
    with pytest.raises(FeatherboneError) as caught:
        open_dataset(root)
    lines = caught.value.sentence.splitlines()
    assert re.match(r"4 file\(s\) of '.*pets' can't be used as images:", lines[0])
    assert [line.split()[0] for line in lines[1:]] == [
        f"cat/{n}" for n in ("cut.png", "empty.png", "gone.png", "notes.txt")
    ]
    assert "truncated" in lines[1]
    assert "--skip-bad" in caught.value.hint
    assert [path.suffix for path in cache.iterdir()] == [".survey"]  # nothing half-made stays behind


def test_of_many_bad_files_ten_are_listed_and_all_in_a_table(make_folder: MakeFolder, cache: Path) -> None:
    root = make_folder({"cat": 20, "dog": 5})
    for path in (root / "cat").iterdir():
        path.write_text("no image")
    with pytest.raises(FeatherboneError, match=r"^20 file\(s\)") as caught:
        open_dataset(root)
    assert caught.value.sentence.count("\n") == 11
    last = caught.value.sentence.splitlines()[-1]
    (name,) = re.findall(r"^  and 10 more: (.*) lists them all$", last)
    table = Path(name)
    assert table.parent == cache
    rows = [line.split("\t") for line in table.read_text().splitlines()]
    assert len(rows) == 20
    assert rows[0][0] == "cat/0.png"
    assert rows[0][1].startswith("is not an image")


def test_bad_files_can_be_left_out(make_folder: MakeFolder, cache: Path) -> None:
    clean, spoilt = make_folder({"cat": 5, "dog": 5}, name="clean"), make_folder({"cat": 5, "dog": 5}, name="spoilt")
    spoil(spoilt)
    data = open_dataset(spoilt, skip_bad=True)
    assert [path for path, _ in data.skipped] == ["cat/cut.png", "cat/empty.png", "cat/gone.png", "cat/notes.txt"]
    assert dict(data.skipped)["cat/empty.png"] == "is empty"
    assert same(data, open_dataset(clean))
    assert len(list(cache.glob("*.npy"))) == 1  # no array that lacks the images which could not be decoded
    assert open_dataset(spoilt, skip_bad=True).skipped == data.skipped  # from the cache as well


def test_a_class_with_too_few_good_files_is_refused(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 3, "dog": 5})
    (root / "cat" / "0.png").write_bytes(b"")
    with pytest.raises(FeatherboneError, match="'cat' has 2"):
        open_dataset(root, skip_bad=True)
    with pytest.raises(FeatherboneError, match=r"cat/0\.png is empty"):
        open_dataset(root)


def test_what_desktops_leave_behind_is_ignored(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 3, "dog": 3})
    expected = open_dataset(root).fingerprint
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
        (root / "cat" / name).write_bytes(b"junk")
    (root / ".git").mkdir()
    (root / ".git" / "HEAD").write_text("junk")
    data = open_dataset(root)
    assert (data.fingerprint, data.skipped, told(data)) == (expected, (), [])


def test_links_to_folders_are_followed_and_loops_are_not(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 3, "dog": 3})
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "cat").symlink_to(root / "cat")
    (linked / "dog").symlink_to(root / "dog")
    (root / "cat" / "again").symlink_to(root)
    assert len(open_dataset(linked).splits["train"].paths) >= 2


def test_a_link_to_itself_is_one_bad_file(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    expected = open_dataset(root).fingerprint
    for name in ("cat/self.png", "self"):
        (root / name).symlink_to(Path(name).name)
    with pytest.raises(FeatherboneError, match=r"^2 file\(s\)") as caught:
        open_dataset(root)
    assert "cat/self.png is a link that leads nowhere" in caught.value.sentence
    assert open_dataset(root, skip_bad=True).fingerprint == expected


@pytest.mark.parametrize("skip_bad", [False, True])
def test_where_nothing_is_an_image_what_the_files_are_is_listed(make_folder: MakeFolder, skip_bad: bool) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    for path in root.rglob("*.png"):
        path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 9\n")
    with pytest.raises(FeatherboneError, match=r"^no file of '.*pets' can be used as an image:\n") as caught:
        open_dataset(root, skip_bad=skip_bad)
    lines = caught.value.sentence.splitlines()[1:]
    assert lines[0] == "  cat/0.png is a Git LFS pointer and not the file: git lfs pull fetches it"
    assert len(lines) == 10
    assert "--skip-bad" not in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are for POSIX")
def test_a_named_pipe_does_not_hang(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 3, "dog": 3})
    os.mkfifo(root / "cat" / "pipe.png")
    with pytest.raises(FeatherboneError, match=r"cat/pipe\.png is not a regular file"):
        open_dataset(root)
    os.mkfifo(root / "pipe.zip")
    with pytest.raises(FeatherboneError, match="neither a folder nor a regular file"):
        open_dataset(root / "pipe.zip")
