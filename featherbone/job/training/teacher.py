"""The teacher of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.download import file_hash
from featherbone.job.training.request import TrainRequest
from featherbone.nn import load_model
from featherbone.train import Distillation
from featherbone.view import View


@dataclass(frozen=True, kw_only=True)
class Teaching:
    """A teacher, how much its answers count, and the file that it is in."""

    distillation: Distillation
    source: str
    sha256: str

    def said_of(self, view: View) -> list[str]:
        """A sentence where the teacher was made to see another part of an image than ``view``."""
        model = self.distillation.teacher
        own = model.preprocessing.view
        if own == view:
            return []
        return [f"the teacher {model.graph.name} was made to see {own}; of these images both see {view}"]

    def facts(self) -> dict[str, Any]:
        """What run.json says of it."""
        settings = {name: value for name, value in vars(self.distillation).items() if name != "teacher"}
        name = self.distillation.teacher.graph.name
        return {"source": self.source, "sha256": self.sha256, "name": name, **settings}


def read_teaching(request: TrainRequest) -> Teaching | None:
    """The teacher that was asked for, or None.

    Raises:
        FeatherboneError: the file is no model; a value out of its range.
    """
    if request.teacher is None:
        return None
    asked = {
        "temperature": request.temperature,
        "weight": request.teacher_weight,
        "views": request.teacher_views,
        "hint_weight": request.hint_weight,
        "precision": request.teacher_precision,
    }
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    return Teaching(
        distillation=Distillation(teacher=load_model(request.teacher), **given),
        source=request.teacher,
        sha256=file_hash(Path(request.teacher)),
    )
