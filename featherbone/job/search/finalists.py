"""The best designs of a search are measured before one of them is called the winner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.job.clock import Clock, clock_of
from featherbone.progress import Noticed, Progress, Step
from featherbone.search.costs.budget import flag
from featherbone.search.costs.latency_limit import LatencyLimit
from featherbone.search.record.ledger import Ledger
from featherbone.search.record.rows import Trial

MOST = 12  # finalists that are measured


def fastest_enough(
    ranked: Iterable[Trial],
    limit: LatencyLimit,
    ledger: Ledger,
    graph: Callable[[int, str], Graph],
    progress: Progress,
    clock: Clock | None = None,
) -> Trial:
    """The best trial whose network measures within the limit; the ledger keeps each measurement, so none is repeated.

    Raises:
        FeatherboneError: none of the best does; with the fastest of them.
    """
    known = ledger.measured()
    tried: list[tuple[float, Trial]] = []
    for trial in islice(ranked, MOST):
        ms = known.get(trial.id)
        if ms is None:
            progress(Step(name="finalist", detail=f"trial {trial.id} in {limit.runtime}"))
            ms = (clock or clock_of(limit))(graph(trial.id, trial.design))
            ledger.time(trial.id, ms)
        if ms <= limit.ms:
            return trial
        tried.append((ms, trial))
        progress(
            Noticed(
                sentence=f"trial {trial.id} takes {ms:.3g} ms, more than {limit.ms:g} ms, and gives way to the next"
            )
        )
    ms, fastest = min(tried, key=lambda entry: entry[0])
    raise FeatherboneError(
        f"none of the best {len(tried)} designs takes {limit} when measured; trial {fastest.id} is the fastest of them "
        f"with {ms:.3g} ms",
        hint=f"leave the machine alone while it measures, or allow {flag('latency', float(f'{1.01 * ms:.3g}'))}, in "
        "either case under another --name",
    )
