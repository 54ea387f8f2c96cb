"""The teacher that all trials of a search learn from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from featherbone.data import Dataset
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.job.search.request import FitRequest
from featherbone.nn import load_model
from featherbone.train import Distillation
from featherbone.train.transfer.teacher import Teacher


@dataclass(frozen=True, kw_only=True)
class SearchTeacher:
    """A teacher as it travels to a worker: a model file, and how much its answers count.

    Trials that show the same views share what it says of them, as it is kept in the cache
    (``featherbone.train.transfer.kept_answers``).
    """

    path: str
    sha256: str
    temperature: float
    weight: float
    views: int

    def distillation(self) -> Distillation:
        """The teacher itself; a process reads it once.

        Raises:
            FeatherboneError: the file is not there, or is another one than where the search was begun.
        """
        return _opened(self)

    def facts(self) -> dict[str, Any]:
        """What decides the result of a search, and not where the file is."""
        return {name: value for name, value in asdict(self).items() if name != "path"}


def teacher_of(request: FitRequest, dataset: Dataset) -> SearchTeacher | None:
    """The teacher that was asked for, or None.

    Raises:
        FeatherboneError: the file is no model, knows other classes or takes other images; a value out of its range.
    """
    return None if request.teacher is None else search_teacher(request, Path(request.teacher), dataset)


def search_teacher(request: FitRequest, file: Path, dataset: Dataset) -> SearchTeacher:
    """The teacher in a file, whose answers count as the request says.

    Raises:
        FeatherboneError: as ``teacher_of``.
    """
    asked = {
        "temperature": request.temperature,
        "weight": request.teacher_weight,
        "views": request.teacher_views,
    }
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    distillation = Distillation(teacher=load_model(file), **given)
    Teacher(distillation.teacher, distillation.teacher.graph, dataset)  # which refuses other classes
    path = file.absolute()
    return SearchTeacher(
        path=str(path),
        sha256=file_hash(path),
        temperature=distillation.temperature,
        weight=distillation.weight,
        views=distillation.views,
    )


@cache
def _opened(teacher: SearchTeacher) -> Distillation:
    model = load_model(teacher.path)
    if file_hash(Path(teacher.path)) != teacher.sha256:
        raise FeatherboneError(
            f"the teacher {teacher.path} is another file here than where the search was begun",
            hint="give every worker the same file, under the same path",
        )
    return Distillation(teacher=model, temperature=teacher.temperature, weight=teacher.weight, views=teacher.views)
