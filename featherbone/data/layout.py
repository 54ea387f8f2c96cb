"""Which class and which split each file belongs to, read from folder names alone.

Understood: `<class>/…`, `train|val|test/<class>/…`, `train|test/<class>/…` and `train|val/<class>/…`, each also inside
one wrapping folder. Folders below a class folder belong to the class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from featherbone.errors import FeatherboneError

SPLITS = ("train", "val", "test")
UNSPLIT = "all"  # the one group of a data set that does not come divided

Groups = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """`groups[split][class]` holds paths; `prefix` is the wrapping folder, or empty."""

    classes: tuple[str, ...]
    groups: Groups
    prefix: str = ""
    warnings: tuple[str, ...] = ()

    def files(self) -> list[str]:
        """Every path."""
        return [path for group in self.groups.values() for paths in group.values() for path in paths]

    def without(self, left_out: Iterable[str]) -> Layout:
        """The same layout with some files taken out of it."""
        gone = frozenset(left_out)
        groups = {
            split: {name: tuple(path for path in paths if path not in gone) for name, paths in group.items()}
            for split, group in self.groups.items()
        }
        return replace(self, groups=groups)


def named_classes(layout: Layout, names: Mapping[str, str]) -> Layout:
    """The same files where each folder's class has the name, and the place, that a mapping gives it."""
    groups = {
        split: {name: group[folder] for folder, name in names.items() if folder in group}
        for split, group in layout.groups.items()
    }
    classes = tuple(name for folder, name in names.items() if folder in layout.classes)
    return replace(layout, classes=classes, groups=groups)


def read_layout(paths: Iterable[str], *, where: str) -> Layout:
    """The layout of a listing in which folders end with a slash.

    >>> layout = read_layout(["pets/cat/1.png", "pets/dog/2.png"], where="pets.zip")
    >>> layout.classes, layout.prefix, dict(layout.groups["all"])
    (('cat', 'dog'), 'pets/', {'cat': ('pets/cat/1.png',), 'dog': ('pets/dog/2.png',)})

    Classes are sorted as text, as everywhere in the field ("10" comes before "2"). Raises `FeatherboneError` for an
    empty source or class, a single class, and a class in val or test that train lacks.
    """
    level = [(path, path) for path in paths]
    if not any(not path.endswith("/") for path, _ in level):
        raise FeatherboneError(f"{where!r} holds no files", hint="put one folder of images for each class into it")
    top, loose = _by_folder(level)
    prefix = ""
    while len(top) == 1 and _has_folders(next(iter(top.values()))):
        (wrapper,) = top
        prefix += wrapper + "/"
        top, deeper = _by_folder(top[wrapper])
        loose += deeper
    if not top:
        raise FeatherboneError(
            f"{where!r} holds files but no class folders, for example {loose[0]!r}",
            hint="put the images of each class into a folder named after the class",
        )
    warnings = []
    if _is_split(top):
        others = sorted(set(top) - set(SPLITS))
        if others:
            warnings.append(f"folders beside train, val and test were left out: {_some(others)}")
        groups: dict[str, dict[str, tuple[str, ...]]] = {}
        for split in (name for name in SPLITS if name in top):
            folders, deeper = _by_folder(top[split])
            loose += deeper
            groups[split] = {name: _files(folders[name]) for name in sorted(folders)}
    else:
        groups = {UNSPLIT: {name: _files(top[name]) for name in sorted(top)}}
    if loose:
        warnings.append(f"{len(loose)} file(s) outside of class folders were left out: {_some(sorted(loose))}")
    classes = _check_classes(groups, where)
    return Layout(classes=classes, groups=groups, prefix=prefix, warnings=tuple(warnings))


def _check_classes(groups: Groups, where: str) -> tuple[str, ...]:
    first = UNSPLIT if UNSPLIT in groups else "train"
    if first not in groups:
        raise FeatherboneError(f"{where!r} has {' and '.join(groups)} but no train folder", hint="add train/<class>/")
    for split, group in groups.items():
        place = "" if split == UNSPLIT else f" in {split}"
        if not group:
            raise FeatherboneError(f"{where!r} has no class folders{place}", hint=f"expected {split}/<class>/<image>")
        empty = [name for name, paths in group.items() if not paths]
        if empty:
            raise FeatherboneError(
                f"{where!r} has an empty class{place}: {_some(empty)}", hint="add images to it or remove the folder"
            )
        unknown = sorted(set(group) - set(groups[first]))
        if unknown:
            raise FeatherboneError(
                f"{where!r} has a class{place} that train lacks: {_some(unknown)}",
                hint=f"train has {_some(list(groups[first]))}",
            )
    classes = tuple(groups[first])
    for name in classes:
        if name != readable(name):
            raise FeatherboneError(
                f"{where!r} has a class folder {readable(name)!r} whose name is not UTF-8 text",
                hint="rename the folder: a model and its report carry the names of the classes",
            )
    if len(classes) < 2:
        raise FeatherboneError(
            f"{where!r} has only one class, {classes[0]!r}; a classifier needs at least two",
            hint="expected one folder of images for each class",
        )
    return classes


Level = list[tuple[str, str]]  # (path below this level, full path)


def _by_folder(level: Level) -> tuple[dict[str, Level], list[str]]:
    """What lies in each folder of a level, and the full paths of the files that lie in none."""
    folders: dict[str, Level] = {}
    loose = []
    for below, path in level:
        head, slash, rest = below.partition("/")
        if slash:
            inside = folders.setdefault(head, [])
            if rest:
                inside.append((rest, path))
        elif head:
            loose.append(path)
    return folders, loose


def _has_folders(level: Level) -> bool:
    return any("/" in below for below, _ in level)


def _files(level: Level) -> tuple[str, ...]:
    return tuple(path for below, path in level if not below.endswith("/"))


def _is_split(top: Mapping[str, Level]) -> bool:
    """Whether folders named train, val and test are splits: they may also be classes (train is one of CIFAR-100)."""
    named = [name for name in SPLITS if name in top]
    if len(named) == len(top):
        return len(named) > 1
    return "train" in named and len(named) > 1 and all(_has_folders(top[name]) for name in named)


def readable(name: str) -> str:
    r"""A name as text that can be printed and stored: bytes that are not UTF-8 are spelled out.

    >>> import os
    >>> readable(os.fsdecode(b"photo-\xff.png"))
    'photo-\\xff.png'
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _some(names: list[str], limit: int = 5) -> str:
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
