"""What a search with pretrained networks begins with: the uncut networks, fine-tuned, the teacher, and their cuts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from featherbone.job.folder import require_same
from featherbone.job.pretrained.cuts import make_cuts
from featherbone.job.pretrained.tuning import Uncut, tuned
from featherbone.job.search.plan import SearchDraft
from featherbone.job.search.teacher import SearchTeacher, search_teacher
from featherbone.json_values import read_value, write_value
from featherbone.latency.designs import DesignLatencies
from featherbone.progress import Noticed, Progress
from featherbone.quantity import format_duration
from featherbone.search.record.ledger import Entry, Ledger
from featherbone.search.schedule.spending import Limits
from featherbone.wording import percent

KEY = "cuts"  # in the ledger


@dataclass(frozen=True, kw_only=True)
class KeptCuts:
    """The cuts as the ledger keeps them, for which budget they are, and the seconds that it took to make them."""

    budget: Mapping[str, Any]
    cuts: tuple[Entry, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class PretrainedStart:
    """The uncut networks, the best first, who teaches, the cuts that compete, and the seconds that all of it took."""

    uncut: tuple[Uncut, ...]
    teacher: SearchTeacher
    cuts: tuple[Entry, ...]
    seconds: float

    def limits(self, asked: Limits) -> Limits:
        """What is left of what the search may spend."""
        if asked.seconds is None:
            return asked
        return replace(asked, seconds=max(asked.seconds - self.seconds, 1.0))


def pretrained_start(
    draft: SearchDraft, ledger: Ledger, latencies: DesignLatencies | None, progress: Progress
) -> PretrainedStart:
    """Fine-tune the uncut networks and cut them, or take what was done before.

    Raises:
        FeatherboneError: what ``tuned`` refuses; cuts in the folder that were made for another budget.
    """
    request = draft.request
    found = tuned(request, draft.dataset, draft.pretrained, draft.folder, ledger, progress)
    uncut = tuple(sorted(found, key=lambda each: -each.val_top1))
    for each in uncut:
        progress(Noticed(sentence=f"{each.pretrained.name} uncut: {percent(each.val_top1)} on the validation images"))
    teacher = draft.teacher or search_teacher(request, uncut[0].path, draft.dataset)
    known = ledger.recall(KEY)
    if known is None:
        started = time.monotonic()
        cuts = make_cuts(draft, uncut, latencies, progress)
        kept = KeptCuts(budget=request.budget.to_json(), cuts=tuple(cuts), seconds=time.monotonic() - started)
        ledger.remember(KEY, write_value(kept))
        if cuts:
            names = f"{len(cuts)} cut{'s' * (len(cuts) > 1)}"
            progress(Noticed(sentence=f"{names} made in {format_duration(kept.seconds)}; they compete first"))
    else:
        kept = read_value(f"{KEY} in the ledger", known, KeptCuts, strict=True)
        require_same(draft.folder, {"budget": kept.budget}, {"budget": request.budget.to_json()})
    seconds = kept.seconds + sum(each.seconds for each in uncut)
    return PretrainedStart(uncut=uncut, teacher=teacher, cuts=kept.cuts, seconds=seconds)
