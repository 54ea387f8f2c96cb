"""Labels in a table: a .csv or .tsv whose rows name an image, its class, and where there is one its split.

    path,label,split
    photos/001.jpg,cat,train
    photos/002.jpg,dog,test

The first row names the columns; of a table of two columns it may be left out. Paths are relative to the table's folder.
Commas, semicolons and tabs separate; the text is UTF-8. Classes are sorted as text, as those of folders.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from featherbone.data.decode import BadImage, read_bounded
from featherbone.data.layout import Layout
from featherbone.data.splits import SPLITS, UNSPLIT, split_named
from featherbone.errors import FeatherboneError
from featherbone.files import damage

ENDINGS = (".csv", ".tsv")
_PATHS = ("path", "file", "filename", "filepath", "image", "imagepath", "imagefile", "img", "imageid", "id", "name")
_LABELS = ("label", "labels", "class", "classname", "category", "target", "species", "breed")
_PARTS = ("split", "set", "subset", "partition")
_LISTED = 10  # faulty rows in a message


@dataclass(frozen=True, kw_only=True)
class ListedImage:
    """One image of a table; `split` is empty where the table has none."""

    path: str
    label: str
    split: str = ""


def read_table(path: Path) -> Layout:
    """The layout that a table states, with its paths as they stand there.

    Rows that repeat another are counted once and told. Raises `FeatherboneError` for a table without these columns, for
    rows that lack a path or a label, for a path with two labels or splits, and for a single class, with the numbers of
    the lines.
    """
    with damage(path):  # such as of paths that no system allows
        rows, faults, repeated = _unique(_rows(path))
    if faults:
        shown = "; ".join(faults[:_LISTED]) + (f"; and {len(faults) - _LISTED} more" if len(faults) > _LISTED else "")
        raise FeatherboneError(f"{str(path)!r} has {len(faults)} faulty row(s): {shown}", hint="mend or remove them")
    if not rows:
        raise FeatherboneError(f"{str(path)!r} names no images", hint="one row an image: path,label")
    classes = tuple(sorted({row.label for row in rows}))
    if len(classes) < 2:
        raise FeatherboneError(
            f"{str(path)!r} has only one class, {classes[0]!r}; a classifier needs at least two",
            hint="the column of labels names the class of each image",
        )
    groups = _groups(rows, path)
    first = groups.get(UNSPLIT) or groups["train"]
    unknown = sorted({row.label for row in rows} - set(first))
    if unknown:
        raise FeatherboneError(
            f"{str(path)!r} has classes that train lacks: {', '.join(unknown[:5])}",
            hint="a network can only name what it was shown: give train images of them, or remove these rows",
        )
    warnings = [f"{repeated} row(s) repeat another and count once"] if repeated else []
    return Layout(classes=classes, groups=groups, warnings=tuple(warnings))


def _groups(rows: Sequence[ListedImage], path: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        found.setdefault(row.split or UNSPLIT, {}).setdefault(row.label, []).append(row.path)
    given = [split for split in (*SPLITS, UNSPLIT) if split in found]
    if given == ["train"]:
        given, found = [UNSPLIT], {UNSPLIT: found["train"]}
    if given != [UNSPLIT] and ("train" not in given or UNSPLIT in given):
        stated = " and ".join(split for split in given if split != UNSPLIT)
        without = " and rows without one" if UNSPLIT in given else " but no train"
        raise FeatherboneError(
            f"the column of splits of {str(path)!r} has {stated}{without}", hint="give each row train, val or test"
        )
    return {split: {name: tuple(paths) for name, paths in sorted(found[split].items())} for split in given}


def _unique(rows: Iterator[tuple[int, ListedImage | str]]) -> tuple[list[ListedImage], list[str], int]:
    """The rows, what is wrong with others, and how many say again what another did."""
    found: dict[str, tuple[int, ListedImage]] = {}
    faults, repeated = [], 0
    for line, row in rows:
        if isinstance(row, str):
            faults.append(f"line {line} {row}")
        elif row.path not in found:
            found[row.path] = (line, row)
        elif found[row.path][1] == row:
            repeated += 1
        else:
            before, other = found[row.path]
            faults.append(
                f"line {line} has {row.path} as {' in '.join(filter(None, (row.label, row.split)))}, line {before} as "
                f"{' in '.join(filter(None, (other.label, other.split)))}"
            )
    return [row for _, row in found.values()], faults, repeated


def _rows(path: Path) -> Iterator[tuple[int, ListedImage | str]]:
    """Each row with the number of its line, or what is wrong with it."""
    text = _text(path)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count), skipinitialspace=True)
    try:
        head = next(reader, [])
        columns = _columns(head)
        if columns is None:
            columns = _bare(head, path)
            yield 1, _row(head, columns)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, _row(cells, columns)
    except csv.Error as error:
        raise FeatherboneError(
            f"{str(path)!r} is no table of paths and labels: line {reader.line_num}: {error}",
            hint="save it as CSV, comma separated",
        ) from error


def _text(path: Path) -> str:
    try:
        return read_bounded(path).decode("utf-8-sig")
    except BadImage as error:
        raise FeatherboneError(f"{str(path)!r} {error}") from error
    except UnicodeDecodeError as error:
        raise FeatherboneError(
            f"{str(path)!r} is not UTF-8 text: {error.reason} at byte {error.start:,}", hint="save it as CSV in UTF-8"
        ) from error


def _columns(head: Sequence[str]) -> tuple[int, int, int | None] | None:
    """The places of path, label and split; None where the first row does not name the first two."""
    names = ["".join(filter(str.isalnum, cell.casefold())) for cell in head]
    places = [next((names.index(name) for name in known if name in names), None) for known in (_PATHS, _LABELS, _PARTS)]
    path, label, split = places
    return None if path is None or label is None else (path, label, split)


def _bare(head: Sequence[str], path: Path) -> tuple[int, int, None]:
    """Of a table without names of columns: the first holds paths, where its first cell is one."""
    if len(head) == 2 and (path.parent / head[0].strip()).is_file():
        return 0, 1, None
    shown = ", ".join(repr(cell[:40]) for cell in head[:8]) or "nothing"
    raise FeatherboneError(
        f"{str(path)!r} does not name its columns path and label: its first row has {shown}",
        hint=f"a row path,label comes first; also known are {', '.join(_PATHS[1:])}, and {', '.join(_LABELS[1:])}",
    )


def _row(cells: Sequence[str], columns: tuple[int, int, int | None]) -> ListedImage | str:
    path, label, split = ("" if place is None or place >= len(cells) else cells[place].strip() for place in columns)
    if not path or not label:
        return f"has no {'label' if path else 'path'}"
    known = split_named(split) if split else ""
    path = path.replace("\\", "/")  # as Windows writes it
    return (
        f"has the split {split!r}, which is not train, val or test"
        if known is None
        else ListedImage(path=path, label=label, split=known)
    )
