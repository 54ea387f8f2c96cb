"""Named sets from a server on this machine: small files in the publishers' formats."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featherbone.data import NAMED, open_dataset
from featherbone.data.named import table
from featherbone.data.named.fashion import CLASSES as CLOTHES
from featherbone.data.named.imagenette import CLASSES as PHOTOS
from featherbone.errors import FeatherboneError

Serve = Callable[..., None]


@pytest.fixture
def serve(server: Any, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Lets a named set come from the server, with the hashes of what lies there."""

    def served(name: str, *contents: bytes) -> None:
        files = []
        for (url, _), content in zip(NAMED[name].files, contents, strict=True):
            path = "/" + url.rpartition("/")[2]
            server.contents[path] = content
            files.append((server.address + path, f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"))
        monkeypatch.setitem(table.NAMED, name, replace(NAMED[name], files=tuple(files)))

    return served


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def records(labels: list[tuple[int, ...]], seed: int) -> tuple[bytes, np.ndarray]:
    """CIFAR's records, and their pixels as (count, 32, 32, 3)."""
    planes = np.random.default_rng(seed).integers(0, 256, (len(labels), 3, 32, 32), dtype=np.uint8)
    content = b"".join(bytes(label) + plane.tobytes() for label, plane in zip(labels, planes, strict=True))
    return content, planes.transpose(0, 2, 3, 1)


TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def cifar10() -> tuple[bytes, dict[str, np.ndarray]]:
    """The archive, and the pixels of each file."""
    members, pixels = {"cifar-10-batches-bin/batches.meta.txt": "\n".join([*TEN, "", ""]).encode()}, {}
    for number, name in enumerate([*(f"data_batch_{part}.bin" for part in range(1, 6)), "test_batch.bin"]):
        members[f"cifar-10-batches-bin/{name}"], pixels[name] = records([(label,) for label in range(10)], number)
    return packed(members), pixels


def test_cifar10(serve: Serve, server: Any, cache: Path) -> None:
    archive, pixels = cifar10()
    serve("cifar10", archive)
    heard: list[tuple[str, int, int]] = []
    data = open_dataset("cifar10", progress=lambda *news: heard.append(news))
    assert (data.name, list(data.classes), data.resolution, data.channels) == ("cifar10", TEN, 32, 3)
    assert {name: len(split.labels) for name, split in data.splits.items()} == {"train": 40, "val": 10, "test": 10}
    assert np.array_equal(data.splits["test"].images, pixels["test_batch.bin"])
    assert data.splits["test"].labels.tolist() == list(range(10))
    for split in ("train", "val"):
        for path, image, label in zip(
            data.splits[split].paths, data.splits[split].images, data.splits[split].labels, strict=True
        ):
            folder, name, file = path.split("/")
            batch, place = file.removesuffix(".ppm").split("-")
            assert (folder, name) == ("train", TEN[label])
            assert np.array_equal(image, pixels[f"data_batch_{batch}.bin"][int(place)])
    assert "Krizhevsky" in data.licence
    assert ("downloading cifar-10-binary.tar.gz of cifar10", 0, 0) in heard
    assert (cache / "datasets" / "cifar-10-binary.tar.gz").read_bytes() == archive


def test_the_second_time_neither_network_nor_archive_is_needed(
    serve: Serve, server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve("cifar10", cifar10()[0])
    first = open_dataset("cifar10")
    (cache / "datasets" / "cifar-10-binary.tar.gz").unlink()
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "1")
    assert open_dataset("cifar10").fingerprint == first.fingerprint
    with pytest.raises(FeatherboneError, match=r"cifar10 .* not in the cache .*datasets.*OFFLINE forbids") as caught:
        open_dataset("cifar10", resolution=16)
    assert "cifar-10-binary.tar.gz there by hand" in caught.value.hint
    assert len(server.ranges) == 1


def test_a_file_put_there_by_hand_is_taken(
    serve: Serve, server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, _ = cifar10()
    serve("cifar10", archive)
    (cache / "datasets").mkdir(parents=True)
    (cache / "datasets" / "cifar-10-binary.tar.gz").write_bytes(archive)
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "1")
    assert len(open_dataset("cifar10").classes) == 10
    assert server.ranges == []


def test_an_interrupted_download_is_continued(serve: Serve, server: Any) -> None:
    serve("cifar10", cifar10()[0])
    server.cuts = [100_000]
    data = open_dataset("cifar10")
    assert server.ranges == [None, "bytes=100000-"]
    assert len(data.classes) == 10


def test_another_hash_is_refused(serve: Serve, server: Any, cache: Path) -> None:
    serve("cifar10", cifar10()[0])
    server.contents["/cifar-10-binary.tar.gz"] += b"more"
    with pytest.raises(FeatherboneError, match=r"has the MD5 .*thrown away"):
        open_dataset("cifar10")
    assert list((cache / "datasets").iterdir()) == []


def test_cifar100_has_its_fine_classes(serve: Serve) -> None:
    fine = [f"fine{number:02}" for number in range(99)] + ["train"]  # a class of that name is among the real ones
    train, _ = records([(label // 5, label) for label in range(100)] * 2, 1)
    test, pixels = records([(label // 5, label) for label in range(100)], 2)
    serve(
        "cifar100",
        packed(
            {
                "cifar-100-binary/coarse_label_names.txt": b"coarse\n" * 20,
                "cifar-100-binary/fine_label_names.txt": "\n".join(fine).encode(),
                "cifar-100-binary/train.bin": train,
                "cifar-100-binary/test.bin": test,
            }
        ),
    )
    data = open_dataset("cifar100")
    assert list(data.classes) == fine
    assert {name: len(split.labels) for name, split in data.splits.items()} == {"train": 100, "val": 100, "test": 100}
    assert data.splits["test"].labels.tolist() == list(range(100))
    assert np.array_equal(data.splits["test"].images, pixels)


def idx(values: np.ndarray) -> bytes:
    head = b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(head + values.tobytes())


def clothes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    images = np.random.default_rng(seed).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, (np.arange(count) % 10).astype(np.uint8)


def test_fashion_mnist_keeps_the_order_and_the_names_of_its_classes(serve: Serve) -> None:
    (train, train_labels), (test, test_labels) = clothes(50, 1), clothes(20, 2)
    serve("fashion-mnist", idx(train), idx(train_labels), idx(test), idx(test_labels))
    data = open_dataset("fashion-mnist")
    assert (list(data.classes), data.resolution, data.channels) == (CLOTHES, 28, 1)
    assert data.classes[0] == "T-shirt/top"
    assert {name: len(split.labels) for name, split in data.splits.items()} == {"train": 40, "val": 10, "test": 20}
    order = np.argsort(test_labels, kind="stable")
    assert np.array_equal(data.splits["test"].images[..., 0], test[order])
    assert np.array_equal(data.splits["test"].labels, test_labels[order])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda content: content[: len(content) // 2], "can't be unpacked"),
        (lambda content: gzip.compress(b"\0\0\x0d\x03" + bytes(12)), "is no IDX file of bytes"),
        (lambda content: gzip.compress(gzip.decompress(content)[:-1]), "has 15679 values for"),
        (lambda content: idx(clothes(19, 2)[0]), "has 20 labels for 19 images"),
    ],
    ids=["cut", "floats", "short", "fewer"],
)
def test_a_file_of_another_form_is_refused(serve: Serve, spoil: Callable[[bytes], bytes], sentence: str) -> None:
    (train, train_labels), (test, test_labels) = clothes(50, 1), clothes(20, 2)
    serve("fashion-mnist", idx(train), idx(train_labels), spoil(idx(test)), idx(test_labels))
    with pytest.raises(FeatherboneError, match=sentence):
        open_dataset("fashion-mnist")


@pytest.mark.parametrize("name", ["imagenette", "imagenette-320", "imagenette-160"])
def test_imagenette(serve: Serve, picture: Callable[..., bytes], name: str) -> None:
    members = {"imagenette2/noisy_imagenette.csv": b"path,noisy_labels_0\n"}
    for number, folder in enumerate(PHOTOS):
        for place in range(3):
            members[f"imagenette2/train/{folder}/{folder}_{place}.JPEG"] = picture(10 * number + place, size=(90, 70))
        members[f"imagenette2/val/{folder}/{folder}_9.JPEG"] = picture(500 + number, size=(70, 90))
    serve(name, packed(members))
    data = open_dataset(name, resolution=8)
    assert data.classes == tuple(PHOTOS.values())
    assert {split: len(part.labels) for split, part in data.splits.items()} == {"train": 20, "val": 10, "test": 10}
    assert data.splits["test"].paths[0] == "imagenette2/val/n01440764/n01440764_9.JPEG"
    assert data.warnings[0] == "there is no test folder: val serves as test, and 10 % of train as val"
    assert [warning.partition(",")[0] for warning in data.warnings[1:]] == ["validation has 10 images"]


def test_names_are_listed_and_close_ones_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FeatherboneError, match="no file or folder 'CIFAR-10', and no data set of that name") as caught:
        open_dataset("CIFAR-10")
    assert caught.value.hint.startswith("did you mean cifar10? give a folder")
    assert caught.value.hint.endswith(", ".join(NAMED))
    with pytest.raises(FeatherboneError) as caught:
        open_dataset("my/holiday/photos")
    assert "did you mean" not in caught.value.hint
    monkeypatch.chdir(tmp_path)
    os.mkdir("cifar10")
    with pytest.raises(FeatherboneError, match="'cifar10' holds no files"):
        open_dataset("./cifar10")


def test_every_entry_says_what_a_person_wants_to_know() -> None:
    for entry in NAMED.values():
        assert entry.about
        assert entry.licence
        assert entry.page.startswith("https://")
        for url, hashed in entry.files:
            assert url.startswith("https://")
            kind, _, value = hashed.partition(":")
            assert len(value) == {"sha256": 64, "md5": 32}[kind]
    assert all(hashed.startswith("sha256:") for _, hashed in NAMED["fashion-mnist"].files)
