"""The page of a search while it goes on: written again now and then, and loaded again by the browser that shows it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.progress import Event, Noticed, Progress, TrialFailed, TrialScored
from featherbone.report import write_report

EVERY = 5.0  # seconds at least from one page to the next
SHARE = 50.0  # writing pages may take one part in so many of the time: a page of very many trials comes less often
QUICK = 5.0  # seconds; a page that takes longer is not written once more for a search that is interrupted


@contextmanager
def paged(folder: Path, progress: Progress) -> Iterator[Progress]:
    """Progress that also keeps the page of a search up to date for as long as the block lasts.

    A page that can't be written ends no search: that is said once. Where the block ends by an error or Ctrl-C, the page
    says that nothing works on the run any more.
    """
    due, took, said = 0.0, 0.0, False

    def watch(event: Event) -> None:
        nonlocal due, took, said
        progress(event)
        if not isinstance(event, TrialScored | TrialFailed) or (began := time.monotonic()) < due:
            return
        pause = max(EVERY, SHARE * took)
        try:
            write_report(folder, again=math.ceil(2 * pause))
        except FeatherboneError as error:
            if not said:
                progress(Noticed(sentence=f"the page is not up to date: {error.sentence}"))
            said = True
        took = time.monotonic() - began
        due = time.monotonic() + max(EVERY, SHARE * took)

    try:
        yield watch
    except BaseException:
        if due and took < QUICK:
            with suppress(FeatherboneError):
                write_report(folder, again=None)
        raise
