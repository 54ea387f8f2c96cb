"""Which split a folder's name, or a word in a table of labels, means: train, val and test as people spell them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from featherbone.errors import FeatherboneError

SPLITS = ("train", "val", "test")
UNSPLIT = "all"  # the one group of a data set that does not come divided

_SPELLED = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "validate", "dev", "devel", "development"),
    "test": ("test", "testing", "tst", "holdout"),
}
_SPLIT = {word: split for split, words in _SPELLED.items() for word in words}
_EITHER = ("eval", "evaluation")  # test, unless another folder is test
_NEUTRAL = frozenset({"set", "sets", "data", "dataset", "image", "images", "img", "imgs", "photos", "split", "folder"})
_ALIKE = (*_SPLIT, *_EITHER, "fold", "folds", "split", "splits")  # words of names that look like a split's
_WORD = re.compile(r"[^\W\d_]+|\d+")


def split_named(name: str) -> str | None:
    """The split that a name alone means, in any case: `eval` is test.

    >>> [split_named(name) for name in ("Training_Set", "valid", "testset", "eval", "cat", "test tube")]
    ['train', 'val', 'test', 'test', None, None]
    """
    word, rest = _read(name)
    return None if rest else _SPLIT.get(word, "test" if word in _EITHER else None)


def split_folders(names: Iterable[str], where: str) -> dict[str, str]:
    """The folder of each split among folders that lie beside each other; of names with a word more, it is the same one.

    >>> split_folders(["Training", "valid", "notes"], "pets")
    {'train': 'Training', 'val': 'valid'}
    >>> split_folders(["seg_train", "seg_test", "seg_pred"], "scenes")
    {'train': 'seg_train', 'test': 'seg_test'}

    Raises `FeatherboneError` where two folders are one split.
    """
    families: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for name in sorted(names):
        word, rest = _read(name)
        if word in _SPLIT or word in _EITHER:
            families.setdefault(rest, []).append((word, name))
    found: dict[str, str] = {}
    family = max(families, key=lambda rest: (len(families[rest]), not rest), default=())
    for word, name in families.get(family, ()):
        if word in _SPLIT:
            _place(found, _SPLIT[word], name, where)
    for word, name in families.get(family, ()):
        if word in _EITHER:
            _place(found, "val" if "test" in found and "val" not in found else "test", name, where)
    return {split: found[split] for split in SPLITS if split in found}


def looks_like_a_split(name: str) -> bool:
    """Whether a part of the name is a split's word.

    >>> [looks_like_a_split(name) for name in ("train1", "fold_2", "holdout-b", "trainer", "bus")]
    [True, True, True, False, False]
    """
    return any(word in _ALIKE for word in _words(name))


def _place(found: dict[str, str], split: str, name: str, where: str) -> None:
    if split in found:
        raise FeatherboneError(
            f"{where!r} has two folders for {split}: {found[split]!r} and {name!r}",
            hint=f"merge them, or rename the one that is not {split}",
        )
    found[split] = name


def _read(name: str) -> tuple[str, tuple[str, ...]]:
    """The word that may be a split's, and the other words that say something."""
    words = [word for word in _words(name) if word not in _NEUTRAL]
    known = [word for word in words if word in _SPLIT or word in _EITHER]
    if len(known) != 1:
        return "", tuple(words)
    words.remove(known[0])
    return known[0], tuple(words)


def _words(name: str) -> list[str]:
    """Lower-case words: parts of `train_set`, `TrainSet` and `trainset`, with numbers by themselves."""
    parts = _WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return [word for part in parts for word in _apart(part.casefold())]


def _apart(word: str) -> list[str]:
    for ending in _NEUTRAL:
        if word.endswith(ending) and word.removesuffix(ending) in _SPLIT:
            return [word.removesuffix(ending), ending]
    return [word]
