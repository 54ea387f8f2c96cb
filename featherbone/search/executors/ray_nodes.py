"""Which nodes of a Ray cluster may work: each is looked at before it gets anything to do, and again when work fails.

So a node without the data, the run's folder or the versions of the driver costs no trial an attempt, and says why.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from importlib.metadata import version
from time import monotonic, sleep
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.search.executors.ray_cluster import alive, first_sentence, import_ray, name_of

PATIENCE, PAUSE = 60.0, 1.0  # seconds that a cluster without a node has to get one, and between two looks
SAME = ("featherbone", "torch")  # packages that must be the same everywhere, as scores depend on them

Look = Callable[[], None]  # raises where a node lacks something; must be picklable


class Nodes:
    """The nodes of a cluster, by their ids; for use within `connected`.

    ``names`` are of all that were seen. A node that joins later is looked at, too, when `refresh` finds it.
    """

    def __init__(self, look: Look) -> None:
        self._ray = import_ray()
        self._task = self._ray.remote(num_cpus=0, max_retries=0)(_looked_at)
        self._look = pickle.dumps(look)
        self._here = {name: version(name) for name in SAME}
        self.names: dict[str, str] = {}
        self.looks: dict[Any, str] = {}  # the nodes that are being looked at, by the answer to come
        self.reasons: dict[str, str] = {}  # why a node gets no work; "" where it may

    def refresh(self) -> list[str]:
        """Begin to look at nodes that have joined; sentences about those that could work and are gone."""
        now = {node for node, has in alive().items() if has.get("CPU", 0) >= 1}  # a head may have none, and never works
        gone = [node for node, reason in self.reasons.items() if node not in now and not reason]
        for node in gone:
            self.reasons[node] = "it is gone"
        for node in now:
            if node not in self.names:
                self.names[node] = name_of(node)
                self.look_at(node)
        return [f"{self.names[node]} of the cluster is gone" for node in gone]

    def look_at(self, node: str) -> None:
        """Begin to look at a node; its answer is one of ``looks``."""
        there = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
        answer = self._task.options(scheduling_strategy=there).remote(self._look, self._here)
        self.looks[answer] = node

    def answered(self, answer: Any) -> tuple[str, str]:
        """A node, and what was found: "" where it may work."""
        node = self.looks.pop(answer)
        try:
            reason: str = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:
            reason = "it is gone" if node not in alive() else f"it can't begin: {_cause(error)}"
        self.reasons[node] = reason
        return node, reason

    def leave_out(self, node: str, reason: str) -> None:
        """From now on a node gets no work."""
        self.reasons[node] = reason

    def fit(self) -> list[str]:
        """Those that may work."""
        return [node for node, reason in self.reasons.items() if not reason]

    def require_fit(self) -> None:
        """Raise, with a sentence on each, where no node may work."""
        if not self.fit():
            found = [f"{self.names[node]}: {reason}" for node, reason in self.reasons.items()]
            raise FeatherboneError(
                f"no node of the cluster can work: {'; '.join(found) or 'there is none'}",
                hint="when the cause is gone, the same command continues where it stopped",
            )

    def wait(self, *, patience: float = PATIENCE) -> list[str]:
        """Look at all nodes that are there now, or soon where none is; a sentence on each that gets no work."""
        began = monotonic()
        self.refresh()
        while not self.names and monotonic() - began < patience:
            sleep(PAUSE)
            self.refresh()
        sentences = []
        while self.looks:
            ready, _ = self._ray.wait(list(self.looks), num_returns=1)
            for answer in ready:
                sentences += self.told(*self.answered(answer))
        return sentences

    def told(self, node: str, reason: str) -> list[str]:
        """What a person should know of a node that was looked at."""
        return [f"{self.names[node]} gets no work: {reason}"] if reason else []


def _looked_at(look: bytes, wanted: dict[str, str]) -> str:
    """On a node: why it may not work, or "". The look is unpacked only where it can be understood."""
    for name, there in wanted.items():
        if version(name) != there:
            return f"it has {name} {version(name)}, and the driver has {there}"
    try:
        pickle.loads(look)()
    except FeatherboneError as error:
        return str(error)
    except Exception as error:  # whatever a machine can lack
        return f"{type(error).__name__}: {error}"
    return ""


def _cause(error: Any) -> str:
    """What a task of Ray failed with, in a sentence; it may wrap an error of the node's own."""
    cause = getattr(error, "cause", None)
    if cause is not None:
        return f"{type(cause).__name__}: {first_sentence(cause)}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
