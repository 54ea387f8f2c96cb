"""A limit on latency, and the seam at which something that knows latencies joins the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from featherbone.errors import FeatherboneError

if TYPE_CHECKING:
    from featherbone.search.design import Design


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
    """What predicts latencies for one runtime and number of threads on this machine.

    A space's costs (``SpaceCosts``) take one; the search then asks it for the designs that fit every other limit.
    """

    @property
    def runtime(self) -> str: ...

    @property
    def threads(self) -> int: ...

    def milliseconds(self, designs: Sequence[Design]) -> Sequence[float]:
        """One prediction for each design; equal designs always get equal ones."""
        ...
