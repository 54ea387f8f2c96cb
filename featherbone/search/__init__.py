"""The most accurate network within a budget: limits, design space, sampling, ledger, scheduler, executors.

Only ``featherbone.fit`` trains; nothing here loads torch.
"""

from featherbone.progress import Event, Progress, silent
from featherbone.search.budget import Budget, Costs, costs_of
from featherbone.search.design import Design, Stage, Stem
from featherbone.search.driver import search
from featherbone.search.ladder import ladder
from featherbone.search.ledger import Entry, Ledger, Score, Trial, open_ledger
from featherbone.search.limits import Limits
from featherbone.search.sample import sample
from featherbone.search.space import Space, StageSpace, light

__all__ = [
    "Budget",
    "Costs",
    "Design",
    "Entry",
    "Event",
    "Ledger",
    "Limits",
    "Progress",
    "Score",
    "Space",
    "Stage",
    "StageSpace",
    "Stem",
    "Trial",
    "costs_of",
    "ladder",
    "light",
    "open_ledger",
    "sample",
    "search",
    "silent",
]
