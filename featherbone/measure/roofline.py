"""The roofline: how fast an operator could be on this machine, by its multiply-adds and by its bytes.

Williams, Waterman and Patterson, "Roofline", Communications of the ACM 52(4), 2009, with multiply-adds for FLOPs.
"""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.errors import FeatherboneError


@dataclass(frozen=True, kw_only=True)
class RooflinePoint:
    """Where an operator stands: what bounds it, the least seconds it could take, and that over what it took.

    ``share`` is above 1 where data came from a cache, which is faster than the memory that the limit speaks of.
    """

    bound: str
    least_seconds: float
    share: float


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """The two limits of a machine: multiply-adds a second, and bytes a second from and to memory.

    >>> roofline = Roofline(macs_per_second=50e9, bytes_per_second=10e9)
    >>> roofline.ridge
    5.0
    >>> roofline.place(macs=100_000_000, bytes=1_000_000, seconds=0.004)
    RooflinePoint(bound='compute', least_seconds=0.002, share=0.5)

    ``ridge`` is the arithmetic intensity, in multiply-adds a byte, from which on an operator is compute-bound.
    """

    macs_per_second: float
    bytes_per_second: float

    def __post_init__(self) -> None:
        if not (self.macs_per_second > 0 and self.bytes_per_second > 0):
            raise FeatherboneError(
                f"limits are {self.macs_per_second} MACs/s and {self.bytes_per_second} bytes/s; they must be positive"
            )

    @property
    def ridge(self) -> float:
        return self.macs_per_second / self.bytes_per_second

    def place(self, *, macs: int, bytes: int, seconds: float) -> RooflinePoint:
        """Where an operator of so many multiply-adds and bytes stands that took ``seconds``."""
        computing, moving = macs / self.macs_per_second, bytes / self.bytes_per_second
        least = max(computing, moving)
        return RooflinePoint(
            bound="compute" if computing >= moving else "memory",
            least_seconds=least,
            share=least / seconds if seconds > 0 else 0.0,
        )
