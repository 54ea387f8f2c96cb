"""A table of paths and labels says what folders say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featherbone.data import open_dataset
from featherbone.data.table import read_table
from featherbone.errors import FeatherboneError

MakeFolder = Callable[..., Path]


def rows(root: Path, *, splits: bool = False) -> list[str]:
    """Of a folder of images by class: path, label, and split where asked."""
    paths = [path.relative_to(root) for path in sorted(root.rglob("*.png"))]
    return [",".join([str(path), path.parts[-2], *([path.parts[0]] if splits else [])]) for path in paths]


@pytest.mark.parametrize(
    ("head", "separator", "encoding"),
    [
        ("path,label", ",", "utf-8"),
        ("", ",", "utf-8"),
        ("Image Path;Class", ";", "utf-8-sig"),
        ("file_name\tcategory", "\t", "utf-8"),
    ],
)
def test_a_table_is_the_folder(make_folder: MakeFolder, head: str, separator: str, encoding: str) -> None:
    root = make_folder({"cat": 9, "dog": 7})
    expected = open_dataset(root)
    lines = [line.replace(",", separator) for line in [*([head] if head else []), *rows(root)]]
    (root / "labels.csv").write_bytes("\r\n".join(lines).encode(encoding))
    data = open_dataset(root / "labels.csv")
    assert (data.name, data.classes, data.fingerprint) == ("labels", expected.classes, expected.fingerprint)
    for name, split in expected.splits.items():
        assert np.array_equal(split.images, data.splits[name].images)
        assert split.paths == data.splits[name].paths


def test_a_column_of_splits_is_kept(make_folder: MakeFolder) -> None:
    root = make_folder({"train/cat": 5, "train/dog": 4, "val/cat": 2, "val/dog": 2, "test/cat": 1, "test/dog": 1})
    lines = [line.replace(",val", ",validation") for line in rows(root, splits=True)]
    (root / "labels.csv").write_text("\n".join(["path,label,split", *lines]))
    assert open_dataset(root / "labels.csv").fingerprint == open_dataset(root).fingerprint


def test_classes_may_have_names_that_no_folder_has(make_folder: MakeFolder) -> None:
    root = make_folder({"a": 6})
    names = ["T-shirt/top", "ligne d'été, 2e"]
    lines = [f'a/{number}.png,"{names[number % 2]}"' for number in range(6)]
    (root / "labels.tsv").write_text("\n".join(["path,label", *lines, ""]))
    assert open_dataset(root / "labels.tsv").classes == tuple(names)


def test_images_may_lie_beside_the_tables_folder(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 4, "dog": 4})
    (root.parent / "tables").mkdir()
    table = root.parent / "tables" / "pets.csv"
    table.write_text("path,label\n" + "\n".join(f"..\\pets\\{row}".replace("/", "\\") for row in rows(root)))
    assert open_dataset(table).classes == ("cat", "dog")


def test_a_changed_image_or_table_is_seen(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 6, "dog": 6})
    table = root / "labels.csv"
    table.write_text("\n".join(["path,label", *rows(root)]))
    first = open_dataset(table).fingerprint
    (root / "cat" / "0.png").write_bytes((root / "cat" / "1.png").read_bytes() + b"\0")
    second = open_dataset(table).fingerprint
    table.write_text("\n".join(["path,label", *rows(root)[:-1]]))
    assert len({first, second, open_dataset(table).fingerprint}) == 3


def test_files_that_are_not_there_are_listed_with_what_is(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 6, "dog": 6})
    lines = ["id,breed", *rows(root), "cat/99.png,cat", "dog/3,dog", f"{'x' * 300},dog", "cat/\0.png,dog"]
    (root / "labels.csv").write_text("\n".join(lines))
    with pytest.raises(FeatherboneError, match=r"^4 file\(s\) of") as caught:
        open_dataset(root / "labels.csv")
    assert "cat/99.png is not there, beside labels.csv\n" in caught.value.sentence
    assert "dog/3 is not there, beside labels.csv; 3.png is" in caught.value.sentence
    assert len(open_dataset(root / "labels.csv", skip_bad=True).skipped) == 4


def test_rows_that_repeat_are_told(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label\na.png,cat\nb.png,dog\na.png,cat\n")
    assert read_table(tmp_path / "labels.csv").warnings == ("1 row(s) repeat another and count once",)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "does not name its columns path and label: its first row has nothing"),
        (b"path,label\n", "names no images"),
        (b"a,b,c\n1,2,3", "does not name its columns path and label: its first row has 'a', 'b', 'c'"),
        (b"path,label\na.png,cat\nb.png,cat", "has only one class, 'cat'"),
        (
            b"path,label\na.png,cat\n,dog\nb.png,\nc.png",
            "3 faulty row.*line 3 has no path; line 4 has no label; line 5",
        ),
        (b"path,label\na.png,cat\na.png,dog", "line 3 has a.png as dog, line 2 as cat"),
        (
            b"path,label,split\na.png,cat,train\nb.png,dog,today",
            "line 3 has the split 'today', which is not train, val",
        ),
        (b"path,label,split\na.png,cat,train\nb.png,dog,", "has train and rows without one"),
        (b"path,label,split\na.png,cat,val\nb.png,dog,test", "has val and test but no train"),
        (b"path,label,split\na.png,cat,train\nc.png,cow,train\nb.png,dog,val", "has classes that train lacks: dog"),
        ("path,label\na.png,é".encode("latin-1"), "is not UTF-8 text: .* at byte 17"),
        ("path,label\na.png,cat".encode("utf-16"), "is not UTF-8 text"),
        (b'path,label\n"' + b"a" * 200_000, "is no table of paths and labels: line 2: field larger"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(FeatherboneError, match=sentence) as caught:
        open_dataset(tmp_path / "labels.csv")
    assert caught.value.hint


def test_a_folder_with_a_table_and_no_classes_points_to_it(make_folder: MakeFolder) -> None:
    for name, sentence in ((".", "no class folders"), ("images", "only one class, 'images'")):
        root = make_folder({name: 3}, name=f"pets-{name}")
        (root / "train.csv").write_text("path,label")
        with pytest.raises(FeatherboneError, match=sentence) as caught:
            open_dataset(root)
        assert caught.value.hint.endswith(f"pets-{name}/train.csv")
