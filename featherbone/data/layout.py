"""Which class and which split each file belongs to, read from folder names alone.

Understood: `<class>/…`, `train|val|test/<class>/…`, `train|test/<class>/…` and `train|val/<class>/…`, each also inside
one wrapping folder; `splits.py` has other spellings of the splits. Folders below a class folder belong to the class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from featherbone.data.splits import UNSPLIT, looks_like_a_split, split_folders, split_named
from featherbone.errors import FeatherboneError

Groups = Mapping[str, Mapping[str, tuple[str, ...]]]


class NoClasses(FeatherboneError):
    """A source whose images lie in no classes, or in some that can't be divided: what is lacking to be trained by."""


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
        raise NoClasses(
            f"{where!r} holds files but no class folders, for example {loose[0]!r}",
            hint="put the images of each class into a folder named after the class, or give a .csv of their paths and "
            f"labels{_table_among(loose, where)}",
        )
    warnings: list[str] = []
    folders = _splits_in(top, where)
    if folders:
        groups, prefix = _split_groups(top, folders, prefix, loose, warnings)
    else:
        _require_classes(top, where)
        groups = {UNSPLIT: {name: _files(top[name]) for name in sorted(top)}}
        warnings += _alike(top, where)
    if loose:
        warnings.append(f"{len(loose)} file(s) outside of class folders were left out: {_some(sorted(loose))}")
    classes = _check_classes(groups, folders, where, loose)
    return Layout(classes=classes, groups=groups, prefix=prefix, warnings=tuple(warnings))


Level = list[tuple[str, str]]  # (path below this level, full path)


def _split_groups(
    top: Mapping[str, Level], folders: Mapping[str, str], prefix: str, loose: list[str], warnings: list[str]
) -> tuple[dict[str, dict[str, tuple[str, ...]]], str]:
    """The classes of each split, and the prefix; what lies outside of them goes to `loose`."""
    others = sorted(set(top) - set(folders.values()))
    if others:
        warnings.append(f"folders beside {_and(list(folders.values()))} were left out: {_some(others)}")
    inside = _unwrapped({split: top[folder] for split, folder in folders.items()}, folders)
    groups: dict[str, dict[str, tuple[str, ...]]] = {}
    for split, level in inside.items():
        classes, deeper = _by_folder(level)
        if deeper and not classes and split != "train":
            warnings.append(
                f"{folders[split]} was left out: its {len(deeper)} file(s) lie in no class folders, so have no labels"
            )
            continue
        loose += deeper
        groups[split] = {name: _files(classes[name]) for name in sorted(classes)}
    if list(groups) == ["train"] and groups["train"]:
        return {UNSPLIT: groups["train"]}, f"{prefix}{folders['train']}/"
    return groups, prefix


def _unwrapped(levels: Mapping[str, Level], folders: Mapping[str, str]) -> dict[str, Level]:
    """Without a folder in a split that repeats its name, `test_set/test_set/cat`, or that is the only one in all."""
    found = dict(levels)
    while True:
        below = {split: _by_folder(level)[0] for split, level in found.items()}
        lone = {split: next(iter(inside)) for split, inside in below.items() if len(inside) == 1 and _has_below(inside)}
        named = {split: name for split, name in lone.items() if name == folders[split] or split_named(name) == split}
        wrappers = lone if len(lone) == len(found) and len(set(lone.values())) == 1 else named
        if not wrappers:
            return found
        found |= {split: below[split][name] for split, name in wrappers.items()}


def _splits_in(top: Mapping[str, Level], where: str) -> dict[str, str]:
    """The folder of each split, or nothing: folders named so may also be classes (train is one of CIFAR-100)."""
    folders = split_folders(top, where)
    if len(folders) < 2:
        return {}
    if len(folders) == len(top) and all(split_named(name) for name in folders.values()):
        return folders
    if "train" not in folders:
        return {}
    levels = _unwrapped({split: top[folder] for split, folder in folders.items()}, folders)
    inside = {split: set(_by_folder(level)[0]) for split, level in levels.items()}
    repeats = any(inside["train"] & names for split, names in inside.items() if split != "train")
    named = all(split_named(name) for name in folders.values())
    return folders if repeats or (named and all(inside.values())) else {}


def _require_classes(top: Mapping[str, Level], where: str) -> None:
    """Raise where folders look like splits that are not spelled so, as they hold the same sub-folders."""
    suspects = [name for name in sorted(top) if looks_like_a_split(name)]
    shared = _shared(top, suspects)
    if len(shared) > 1:
        raise FeatherboneError(
            f"{where!r} has folders that would be classes, {_some(sorted(top))}, and look like splits: {_some(shared)} "
            f"lie in more than one of them, and {_and(suspects[:5])} is what a split may be called",
            hint="name the splits train, val and test; where they are classes, rename them, or put the images of each "
            "into its folder itself",
        )


def _alike(top: Mapping[str, Level], where: str) -> list[str]:
    """A warning where all classes hold the same sub-folders and nothing else: those may be the classes.

    Raises `FeatherboneError` where these are splits: images of the test would be trained on.
    """
    inside = [(set(folders), files) for folders, files in map(_by_folder, top.values())]
    first = inside[0][0]
    if len(inside) < 2 or len(first) < 2 or any(files or folders != first for folders, files in inside):
        return []
    if all(split_named(name) for name in first):
        raise FeatherboneError(
            f"{where!r} has its splits inside of its classes: each of {_some(sorted(top))} holds {_and(sorted(first))}",
            hint="put the classes into the splits, as train/cat, or list the files in a .csv with path,label,split",
        )
    return [
        f"each of the classes {_some(sorted(top))} holds the same sub-folders, {_some(sorted(first))}: where those are "
        "the classes, merge the folders"
    ]


def _shared(top: Mapping[str, Level], suspects: list[str]) -> list[str]:
    """Sub-folders of a suspect that another folder has, too."""
    inside = {name: set(_by_folder(level)[0]) for name, level in top.items()}
    found: set[str] = set()
    for name in suspects:
        found |= inside[name] & set().union(*(names for other, names in inside.items() if other != name))
    return sorted(found)


def _check_classes(groups: Groups, folders: Mapping[str, str], where: str, loose: list[str]) -> tuple[str, ...]:
    first = UNSPLIT if UNSPLIT in groups else "train"
    if first not in groups:
        raise FeatherboneError(
            f"{where!r} has {_and(list(folders.values()))} but no train folder", hint="add train/<class>/"
        )
    for split, group in groups.items():
        folder = folders.get(split, split)
        place = "" if split == UNSPLIT else f" in {folder}"
        if not group:
            raise NoClasses(f"{where!r} has no class folders{place}", hint=f"expected {folder}/<class>/<image>")
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
        raise NoClasses(
            f"{where!r} has only one class, {classes[0]!r}; a classifier needs at least two",
            hint="expected one folder of images for each class, or a .csv of paths and "
            f"labels{_table_among(loose, where)}",
        )
    return classes


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


def _table_among(loose: list[str], where: str) -> str:
    """Where labels may already be."""
    found = next((path for path in sorted(loose) if path.lower().endswith((".csv", ".tsv"))), None)
    return f", such as {where.rstrip('/')}/{found}" if found else ""


def _files(level: Level) -> tuple[str, ...]:
    return tuple(path for below, path in level if not below.endswith("/"))


def _has_below(folders: Mapping[str, Level]) -> bool:
    return all(_has_folders(level) for level in folders.values())


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


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
