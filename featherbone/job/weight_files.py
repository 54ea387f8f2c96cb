"""Files of weights as the commands meet them: which are our own, and how a download is told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from featherbone.errors import FeatherboneError
from featherbone.nn import read_tensors
from featherbone.progress import Progress, Reading

MEGABYTE = 10**6
MODEL, CHECKPOINT = "featherbone-model", "featherbone-checkpoint"  # what files of ours say of themselves


def kind_of_ours(weights: str) -> str:
    """What a file of ours says that it is; an empty text for files of others, and for names."""
    with suppress(FeatherboneError):  # raised for files of others, which state no checksums, and for names
        return str(read_tensors(weights)[1].get("format", ""))
    return ""


def fetching(weights: str, progress: Progress) -> Callable[[int, int | None], None]:
    """A function that tells how far weights are downloaded."""

    def fetched(done: int, total: int | None) -> None:
        what = f"fetching {weights}"
        progress(Reading(what=what, done=done // MEGABYTE, total=(total or done) // MEGABYTE, unit="MB"))

    return fetched
