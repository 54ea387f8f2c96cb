"""Answers of teachers on the disk: asked once, and shared by all trainings that show the same view.

A file is named by all that its numbers follow from: the teacher, the images and how each is changed. It is written
whole or not at all, and read with its checksums: what is damaged, or of another view, is asked anew. While one process
asks, others that need the same wait for it. The files used last are kept, up to `MOST_BYTES` of them.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from featherbone.cache import cache_folder, explained
from featherbone.data.dataset import Dataset
from featherbone.errors import FeatherboneError
from featherbone.lock import in_turn
from featherbone.nn import read_tensors, write_tensors
from featherbone.train.run.views import AugmentedView, RowsBeside
from featherbone.train.transfer.answers import TeacherAnswers, ask, form_of
from featherbone.train.transfer.teacher import Teacher

FORMAT = "featherbone-answers 2"  # another one where the same draws give other images, or a teacher other answers
FOLDER = "answers"  # in the cache
ENDING = ".safetensors"
MOST_BYTES = 2 * 2**30


@dataclass(frozen=True, kw_only=True)
class KeptAnswers:
    """What a teacher says of views, out of the cache or asked now; `identity` is of the teacher and its precision.

    With `images`, which are those of the views at another size, it sees the same views of these.
    """

    teacher: Teacher
    identity: str
    views: int  # so many are shown in turn; 0: each epoch shows another
    images: Dataset | None = None

    def of(self, view: AugmentedView, device: str) -> RowsBeside:
        """The teacher's scores, by the numbers of images.

        Raises:
            FeatherboneError: the teacher's scores are not finite; the cache can't be written.
        """
        view = self._seen(view)
        name = name_of(view, self.identity)
        count, classes = len(view.dataset.splits["train"].labels), len(view.dataset.classes)
        path = folder_of_answers() / f"{name}{ENDING}"
        kept = read_answers(path, name, count, classes)
        if kept is None:
            with explained(path.parent), in_turn(path.with_suffix(".lock"), lambda: None):
                kept = read_answers(path, name, count, classes)  # another process may have asked meanwhile
                if kept is None:
                    kept = ask(self.teacher, view, device)
                    write_tensors(path, kept.tensors(), {"format": FORMAT, "view": name})
                    remove_oldest(path)
        return kept.rows

    def said(self, view: AugmentedView) -> str:
        """That the teacher must be asked, where nothing is kept of a view."""
        folder = folder_of_answers()
        if (folder / f"{name_of(self._seen(view), self.identity)}{ENDING}").exists():
            return ""
        views = f"each of {self.views} views" if self.views else "each epoch"
        count = len(view.dataset.splits["train"].labels)
        return f"the teacher is asked about {count:,} images once for {views}; its answers are kept in {folder}"

    def _seen(self, view: AugmentedView) -> AugmentedView:
        """A view as the teacher is shown it."""
        return view if self.images is None else replace(view, dataset=self.images)


def folder_of_answers() -> Path:
    """Where answers are kept."""
    folder = cache_folder(None) / FOLDER
    with explained(folder):
        folder.mkdir(exist_ok=True)
    return folder


def name_of(view: AugmentedView, teacher: str) -> str:
    """SHA-256 of all that a teacher's answers for a view follow from.

    The draws themselves are part of it: they are what seed and view come to, and without any augmentation all views are
    one.
    """
    dataset = view.dataset
    facts = {
        "format": FORMAT,
        "teacher": teacher,
        "data": dataset.fingerprint,
        "classes": dataset.classes,
        "mean": dataset.mean,
        "std": dataset.std,
        "resolution": dataset.resolution,
        "augment": asdict(view.augment),
        "drawn": view.drawn.digest(),
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def read_answers(path: Path, name: str, count: int, classes: int) -> TeacherAnswers | None:
    """The answers in a file for so many images, or None where it is not there, damaged or of something else."""
    try:
        tensors, header = read_tensors(path)
    except FeatherboneError:
        return None
    form = {key: (tuple(tensor.shape), tensor.dtype) for key, tensor in tensors.items()}
    if header != {"format": FORMAT, "view": name} or form != form_of(count, classes):
        return None
    with suppress(OSError):  # of a cache that may only be read
        os.utime(path)
    return TeacherAnswers(classes=classes, **tensors)


def remove_oldest(newest: Path, *, most: int = MOST_BYTES) -> None:
    """Remove the files that nobody has used for longest, until the others take at most so many bytes.

    The newest stays, whatever it takes. A process that has read a file does not need it any more.
    """
    found = []
    for path in newest.parent.glob(f"*{ENDING}"):
        with suppress(OSError):  # removed by another process
            facts = path.stat()
            found.append((path == newest, facts.st_mtime, facts.st_size, path))
    total = sum(size for _, _, size, _ in found)
    for is_newest, _, size, path in sorted(found):
        if total <= most or is_newest:
            return
        with suppress(OSError):
            path.unlink()
        total -= size
