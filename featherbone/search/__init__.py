"""The most accurate network within a budget: limits, design space, sampling, ledger, successive halving.

Only ``featherbone.fit`` trains; nothing here loads torch.
"""

from featherbone.progress import Event, Progress, silent
from featherbone.search.budget import Budget, Costs, costs_of
from featherbone.search.design import Design, Stage, Stem
from featherbone.search.halving import Rung, halve, rungs
from featherbone.search.ledger import Ledger, Score, Trial, open_ledger
from featherbone.search.sample import sample
from featherbone.search.space import Space, StageSpace, light

__all__ = [
    "Budget",
    "Costs",
    "Design",
    "Event",
    "Ledger",
    "Progress",
    "Rung",
    "Score",
    "Space",
    "Stage",
    "StageSpace",
    "Stem",
    "Trial",
    "costs_of",
    "halve",
    "light",
    "open_ledger",
    "rungs",
    "sample",
    "silent",
]
