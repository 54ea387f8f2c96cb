"""A limit on latency, and the interface of whatever predicts latencies for a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class LatencyLimit:
    """At most so many milliseconds for one image, in a runtime with so many threads.

    >>> str(LatencyLimit(ms=10, runtime="onnxruntime", threads=1))
    '10 ms in onnxruntime with 1 thread'

    Raises:
        FeatherboneError: a time that is not above 0; no runtime; less than one thread.
    """

    ms: float
    runtime: str = "onnxruntime"
    threads: int = 1

    def __post_init__(self) -> None:
        if type(self.ms) not in (int, float) or not 0 < self.ms < float("inf"):
            raise FeatherboneError(f"the latency limit is {self.ms!r}; it must be a number of milliseconds above 0")
        if not isinstance(self.runtime, str) or not self.runtime:
            raise FeatherboneError(f"the runtime of the latency limit is {self.runtime!r}; it must be a name")
        if type(self.threads) is not int or self.threads < 1:
            raise FeatherboneError(f"the latency limit's threads is {self.threads!r}; it must be a whole number from 1")

    def __str__(self) -> str:
        return f"{self.ms:g} ms in {self.runtime} with {self.threads} thread{'s' if self.threads > 1 else ''}"

    def unknown(self) -> FeatherboneError:
        """The refusal where nothing knows latencies of this runtime and number of threads."""
        return FeatherboneError(
            f"latency is limited to {self}, but no latency model for it is at hand",
            hint="limit --macs, --params, --memory or --size instead: they are known exactly",
        )


class LatencyModel(Protocol):
    """What predicts latencies of a space's designs for one runtime and number of threads.

        SpaceCosts(space, classes=10, channels=3, latency=model)

    A space's costs (``SpaceCosts``) take one; the search then asks it for the designs that fit every other limit. A
    design fits where its prediction and ``margin`` (a share of it) together keep the limit.
    """

    @property
    def runtime(self) -> str: ...

    @property
    def threads(self) -> int: ...

    @property
    def margin(self) -> float: ...

    def milliseconds(self, rows: np.ndarray) -> np.ndarray:
        """One prediction for each row's design (see ``space.matrix``); equal designs always get equal ones."""
        ...

    def of_graph(self, graph: Graph) -> float:
        """The prediction for any network.

        Raises:
            FeatherboneError: it has an operator of which nothing is known.
        """
        ...
