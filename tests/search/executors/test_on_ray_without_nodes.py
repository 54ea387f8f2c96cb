"""What Ray says of a task whose node is gone, without a cluster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from featherbone.progress import Noticed
from featherbone.search.executors import Outcome, Task
from featherbone.search.executors.on_ray import OnRay, _Running


def test_a_task_whose_node_is_gone_before_it_begins_is_interrupted_and_the_nodes_are_looked_through() -> None:
    errors = pytest.importorskip("ray.exceptions")

    def get(_: Any) -> Any:
        raise errors.TaskUnschedulableError("the node does not exist any more")

    executor, stream = object.__new__(OnRay), iter([0])
    executor._ray = SimpleNamespace(exceptions=errors, get=get)
    executor._nodes = SimpleNamespace(refresh=lambda: ["a node is gone"])  # type: ignore[assignment]
    task = Task(trial=3, design="r8 | stem w8 | basic w8", rung=0, epochs=1)
    executor._streams = {stream: _Running(task, worker="Ray", began=0.0)}
    told, outcome = executor._heard(stream)
    assert told == Noticed(sentence="a node is gone")
    assert isinstance(outcome, Outcome)
    assert outcome.kind == "interrupted"
