"""Archives give what the folder gives, and can't do harm."""

from __future__ import annotations

import contextlib
import gzip
import io
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featherbone.data import archives, open_dataset
from featherbone.errors import FeatherboneError

MakeFolder = Callable[..., Path]
KINDS = [("zip", ".zip"), ("tar", ".tar"), ("gztar", ".tar.gz"), ("bztar", ".tar.bz2"), ("xztar", ".tar.xz")]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(("kind", "ending"), KINDS)
def test_an_archive_is_the_folder(
    make_folder: MakeFolder, tmp_path: Path, cache: Path, kind: str, ending: str, wrapped: bool
) -> None:
    root = make_folder({"train/cat": 6, "train/dog": 5, "test/cat": 2, "test/dog": 2})
    archive = shutil.make_archive(
        str(tmp_path / "packed"), kind, root_dir=root.parent if wrapped else root, base_dir="pets" if wrapped else None
    )
    data, expected = open_dataset(archive), open_dataset(root)
    assert data.name == "packed"
    assert data.fingerprint == expected.fingerprint
    for name, split in data.splits.items():
        assert np.array_equal(split.images, expected.splits[name].images)
        assert split.paths == tuple(("pets/" if wrapped else "") + path for path in expected.splits[name].paths)
    endings = [".json", ".json", ".npy", ".survey", ".survey"]
    assert sorted(path.suffix for path in cache.iterdir()) == endings  # nothing was unpacked


def test_zips_made_on_windows_and_macos_are_read(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 3, "dog": 3})
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted(root.rglob("*.png")):
            member = zipfile.ZipInfo("x")
            member.filename = "pets\\" + str(path.relative_to(root)).replace("/", "\\")
            archive.writestr(member, path.read_bytes())
        archive.writestr("__MACOSX/pets/cat/._0.png", b"junk")
    assert open_dataset(tmp_path / "pets.zip").fingerprint == open_dataset(root).fingerprint


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_whose_first_entry_is_a_file_is_read(make_folder: MakeFolder, tmp_path: Path, mode: str) -> None:
    """As `tar cf pets.tar */*.png` writes it: without entries of folders."""
    root = make_folder({"cat": 4, "dog": 4})
    with tarfile.open(tmp_path / "pets.tar", mode) as archive:  # type: ignore[call-overload]
        for path in sorted(root.rglob("*.png")):
            archive.add(path, path.relative_to(root))
    assert open_dataset(tmp_path / "pets.tar").fingerprint == open_dataset(root).fingerprint


@pytest.fixture
def hostile(make_folder: MakeFolder, tmp_path: Path) -> dict[str, Path]:
    """A zip and a tar with good images, and with members that lead out or are links."""
    root = make_folder({"cat": 3, "dog": 3})
    image = (root / "cat" / "0.png").read_bytes()
    made = {}
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for path in sorted(root.rglob("*.png")):
            archive.write(path, path.relative_to(root))
        for name in ("../escaped.png", "/rooted.png", "cat/../../up.png", "C:/disk.png"):
            archive.writestr(name, image)
        link = zipfile.ZipInfo("cat/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    made["zip"] = tmp_path / "bad.zip"
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        tar.add(root, arcname=".")
        for name in ("../escaped.png", "/rooted.png", "cat/../../up.png", "C:/disk.png"):
            member = tarfile.TarInfo(name)
            member.size = len(image)
            tar.addfile(member, io.BytesIO(image))
        for name, kind in (("cat/link.png", tarfile.SYMTYPE), ("cat/hard.png", tarfile.LNKTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
        pipe = tarfile.TarInfo("cat/pipe.png")
        pipe.type = tarfile.FIFOTYPE
        tar.addfile(pipe)
    made["tar"] = tmp_path / "bad.tar"
    return made


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_members_that_lead_out_and_links_are_refused(hostile: dict[str, Path], kind: str, tmp_path: Path) -> None:
    expected = {
        "../escaped.png": "leads out",
        "/rooted.png": "leads out",
        "cat/../../up.png": "leads out",
        "C:/disk.png": "leads out",
        "cat/link.png": "is a link",
    }
    if kind == "tar":
        expected |= {"cat/hard.png": "is a link", "cat/pipe.png": "is not a regular file"}
    before = sorted(tmp_path.rglob("*.png"))
    data = open_dataset(hostile[kind], skip_bad=True)
    assert {path for path, _ in data.skipped} == set(expected)
    for path, reason in data.skipped:
        assert expected[path] in reason
    assert sum(len(split.paths) for split in data.splits.values()) == 6
    assert sorted(tmp_path.rglob("*.png")) == before
    with pytest.raises(FeatherboneError, match=f"^{len(expected)} file"):
        open_dataset(hostile[kind])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_appears_twice_and_an_encrypted_one_are_refused(make_folder: MakeFolder, tmp_path: Path) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "pets"), "zip", make_folder({"cat": 4, "dog": 4})))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("cat/0.png", b"other")
        archive.writestr("cat/secret.png", b"hidden")
        archive.infolist()[-1].flag_bits |= 1
    assert dict(open_dataset(path, skip_bad=True).skipped) == {
        "cat/0.png": "is in the archive twice",
        "cat/secret.png": "is encrypted",
    }


def test_a_damaged_member_is_told_by_its_crc(make_folder: MakeFolder, tmp_path: Path) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "pets"), "zip", make_folder({"cat": 4, "dog": 4})))
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("dog/2.png")
    content = bytearray(path.read_bytes())
    content[member.header_offset + 100] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(FeatherboneError, match=r"dog/2\.png can't be read from the archive"):
        open_dataset(path)


@pytest.mark.parametrize(("kind", "ending"), KINDS)
def test_bombs_are_refused(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, ending: str
) -> None:
    path = shutil.make_archive(str(tmp_path / "pets"), kind, make_folder({"cat": 40, "dog": 40}))
    monkeypatch.setattr(archives, "unpacked_limit", lambda packed: 5_000)
    with pytest.raises(FeatherboneError, match="more than the limit of 5,000") as caught:
        open_dataset(path)
    assert "unpack it yourself" in caught.value.hint


def test_a_bomb_behind_the_end_of_a_tar_is_refused(
    make_folder: MakeFolder, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "pets"), "tar", make_folder({"cat": 3, "dog": 3})))
    packed = path.with_suffix(".tar.gz")
    packed.write_bytes(gzip.compress(path.read_bytes() + bytes(20 * 2**20)))
    monkeypatch.setattr(archives, "unpacked_limit", lambda packed: 2**20)
    with pytest.raises(FeatherboneError, match="unpacks to at least"):
        open_dataset(packed)


@pytest.mark.parametrize(("kind", "ending"), KINDS)
def test_an_archive_that_is_cut_short_is_refused(
    make_folder: MakeFolder, tmp_path: Path, kind: str, ending: str
) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "pets"), kind, make_folder({"cat": 9, "dog": 9}, size=(32, 32))))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(FeatherboneError, match=r"is damaged or cut short|neither a folder nor a readable archive"):
        open_dataset(path)


def test_a_damaged_header_within_a_tar_is_told(make_folder: MakeFolder, tmp_path: Path) -> None:
    """The files behind it would be lost without a word."""
    path = Path(shutil.make_archive(str(tmp_path / "pets"), "tar", make_folder({"cat": 4, "dog": 4})))
    content = bytearray(path.read_bytes())
    with tarfile.open(path) as archive:
        content[archive.getmember("./dog/1.png").offset + 3] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(FeatherboneError, match=r"is damaged or cut short: the header at byte [\d,]+ is damaged"):
        open_dataset(path)


@pytest.mark.parametrize(("kind", "ending"), KINDS)
def test_flipped_bytes_end_in_a_sentence_or_in_images(
    make_folder: MakeFolder, tmp_path: Path, kind: str, ending: str
) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "pets"), kind, make_folder({"cat": 3, "dog": 3})))
    content, draw = path.read_bytes(), np.random.default_rng(0)
    for number in range(40):
        damaged = bytearray(content)
        first = len(damaged) * 2 // 3 if number % 2 else 0  # where a zip has its directory
        for place in draw.integers(first, len(damaged), 3):
            damaged[place] = draw.integers(0, 256)
        path.write_bytes(damaged)
        with contextlib.suppress(FeatherboneError):
            assert open_dataset(path, skip_bad=True).classes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 9\n", "is a Git LFS pointer"),
        (b"<!doctype html><title>404</title>", "is a web page"),
        (b"Rar!\x1a\x07\0", "is a RAR archive, which is not opened here: unpack it"),
    ],
)
def test_what_is_no_archive_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "pets.zip").write_bytes(content)
    with pytest.raises(FeatherboneError, match=words):
        open_dataset(tmp_path / "pets.zip")


def test_a_file_that_is_no_archive_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n and so on")
    with pytest.raises(FeatherboneError, match="is neither a folder nor a readable archive"):
        open_dataset(tmp_path / "a.png")
    with pytest.raises(FeatherboneError, match=r"there is no file or folder '.*lost'") as caught:
        open_dataset(tmp_path / "lost")
    assert "digits" in caught.value.hint


def test_empty_sources_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"), tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    for name in ("empty", "empty.zip", "empty.tar"):
        with pytest.raises(FeatherboneError, match="holds no files"):
            open_dataset(tmp_path / name)


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar", "photos.csv"])
def test_gigabytes_of_zeros_are_not_read_through(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a disk image, or a download that has only been reserved; tarfile would take them for the padding of xz."""
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(2**34)

    whole = Path.read_bytes

    def bounded(file: Path) -> bytes:
        assert file != path
        return whole(file)

    def never(*_: object) -> None:
        raise AssertionError("xz was tried")

    monkeypatch.setattr(tarfile.TarFile, "xzopen", never)
    monkeypatch.setattr(Path, "read_bytes", bounded)
    with pytest.raises(FeatherboneError, match=r"holds no files|more than the limit"):
        open_dataset(path, resolution=8)
