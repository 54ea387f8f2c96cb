"""What a run knows of latencies: learned on this machine when it begins, and kept in its ledger from then on."""

from __future__ import annotations

import math

from featherbone.cache import cache_folder
from featherbone.job.search.plan import SearchDraft
from featherbone.json_values import read_value, write_value
from featherbone.latency.designs import DesignLatencies
from featherbone.latency.learning import learned, require_reachable
from featherbone.latency.measured import Meter, require_known
from featherbone.latency.predictor import Predictor
from featherbone.measure.environment import cpu_name
from featherbone.progress import Noticed, Progress, Reading, Step
from featherbone.quantity import format_duration
from featherbone.search.record.ledger import Ledger

KEY = "latency"  # in the ledger
FOLDER = "latency"  # in the cache
SHARE = 1 / 10  # of a limited time that measuring takes


def latencies_for(draft: SearchDraft, ledger: Ledger, progress: Progress) -> DesignLatencies | None:
    """The latencies of a space's designs, where the budget limits them.

    What must be measured is told beforehand, with about how long it takes; of a limit of time it takes a tenth at most,
    unless the machine is known so little that a few of each kind take longer.
    A run that was begun before keeps what it learned then, so that it decides the same, on another machine too.

    Raises:
        FeatherboneError: the runtime is one whose kernels are not known, or is not installed; more threads than cores;
            even the smallest designs take far longer than the limit.
    """
    if draft.request.budget.latency is None:
        return None
    known = ledger.recall(KEY)
    predictor = _learned(draft, progress) if known is None else read_value(KEY, known, Predictor)
    if predictor.bench.cpu != cpu_name():
        progress(
            Noticed(
                sentence=f"the run goes on with the latencies of {predictor.bench}; this machine has {cpu_name()}, and "
                "what is measured from here on is measured on it"
            )
        )
    classes, channels = len(draft.dataset.classes), draft.dataset.channels
    return DesignLatencies(draft.space, classes=classes, channels=channels, predictor=predictor)


def remember_latencies(ledger: Ledger, latencies: DesignLatencies | None) -> None:
    """Keep in the ledger what the run decides by."""
    if latencies is not None and ledger.recall(KEY) is None:
        ledger.remember(KEY, write_value(latencies.predictor))


def _learned(draft: SearchDraft, progress: Progress) -> Predictor:
    budget, time = draft.request.budget, draft.limits.seconds
    assert budget.latency is not None
    require_known(budget.latency.runtime)
    progress(Step(name="latency", detail=f"{budget.latency.runtime} on this machine"))

    def said(what: str, done: int, total: int) -> None:
        progress(Reading(what=f"timing {what}", done=done, total=total, unit=what))

    def announced(operators: int, networks: int, seconds: float) -> None:
        sentence = (
            f"what latencies are on this machine is measured first, for about {format_duration(seconds)} that are no "
            f"part of the time for training: {operators} operators and {networks} networks, or as many as that allows; "
            "they are kept for other runs"
        )
        progress(Noticed(sentence=sentence))

    with Meter(cache_folder(None) / FOLDER, threads=budget.latency.threads) as meter:
        if meter.store.damaged:
            progress(
                Noticed(
                    sentence=f"{meter.store.damaged} lines of {meter.store.path} are damaged; what they held is "
                    "measured again"
                )
            )
        require_reachable(draft.costs, budget, meter)
        seconds = math.inf if time is None else SHARE * time
        return learned(draft.costs, budget, meter, said, seconds=seconds, announced=announced)
