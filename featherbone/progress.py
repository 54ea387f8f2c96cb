"""What a running job tells whoever watches: plain values, sent to one function. Nothing here draws anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Step:
    """A part of the job begins: data, designs, search, winner, train, export, verify, time, test or report;
    latency and finalist where latency is limited."""

    name: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Files of the data set being read, megabytes being fetched, or steps of a test."""

    what: str
    done: int
    total: int
    unit: str = "files"


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """Something about the data that a person should know; the job goes on."""

    sentence: str


@dataclass(frozen=True, kw_only=True)
class Searching:
    """A search goes on in this run folder; its ledger says where it stands."""

    folder: str


@dataclass(frozen=True, kw_only=True)
class TrialBegan:
    """A trial is being trained up to ``epochs`` epochs."""

    trial: int
    design: str
    rung: int
    epochs: int


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A network has done one more step; at the end of an epoch ``metrics`` is the epoch's row of the history.

    ``images_per_second`` is of the last steps, and 0 where it is not known. ``note``,
    where not empty, is a sentence that a person should read; nothing else happened then.
    """

    trial: int | None  # None where the run is of one network
    epoch: int
    epochs: int  # of the whole recipe
    step: int
    steps: int  # of an epoch
    metrics: Mapping[str, Any]
    images_per_second: float = 0.0
    note: str = ""

    @property
    def ends_epoch(self) -> bool:
        return "val_top1" in self.metrics


@dataclass(frozen=True, kw_only=True)
class TrialScored:
    """A trial reached a rung; ``val_top1`` is None where it is not a number. ``leads``: no other ranks before it."""

    trial: int
    rung: int
    val_top1: float | None
    leads: bool = False


@dataclass(frozen=True, kw_only=True)
class TrialFailed:
    """A trial has no score; the search goes on, and unless this is final, the trial will be tried again.

    ``kind`` is that of the executor's ``Outcome``: it ``crashed``, was ``lost`` with its worker, or was ``interrupted``
    by what is no fault of its own.
    """

    trial: int
    kind: str
    error: str
    final: bool


Event = Step | Reading | Noticed | Searching | TrialBegan | Trained | TrialScored | TrialFailed


class Progress(Protocol):
    """A function that takes each event as it happens.

    >>> def watch(event: Event) -> None:
    ...     print(event)
    >>> watch(Step(name="export"))
    Step(name='export', detail='')
    """

    def __call__(self, event: Event, /) -> None: ...


def silent(event: Event, /) -> None:
    """Watches nothing.

    >>> silent(Step(name="export"))
    """
