"""The most accurate network within a budget: limits, design space, sampling, ledger, successive halving.

Only ``featherbone.fit`` trains; nothing here loads torch.
"""

from featherbone.progress import Event, Progress, silent
from featherbone.search.batch import BatchCosts, SpaceCosts
from featherbone.search.budget import Budget, Costs, costs_of
from featherbone.search.design import Design, Stage, Stem
from featherbone.search.driver import search
from featherbone.search.ladder import ladder
from featherbone.search.latency import LatencyLimit, LatencyModel
from featherbone.search.ledger import Entry, Ledger, Score, Trial, open_ledger
from featherbone.search.limits import Limits
from featherbone.search.sample import sample
from featherbone.search.space import Space, StageSpace
from featherbone.search.space_file import open_space
from featherbone.search.spaces import SPACES, named_space

__all__ = [
    "SPACES",
    "BatchCosts",
    "Budget",
    "Costs",
    "Design",
    "Entry",
    "Event",
    "LatencyLimit",
    "LatencyModel",
    "Ledger",
    "Limits",
    "Progress",
    "Score",
    "Space",
    "SpaceCosts",
    "Stage",
    "StageSpace",
    "Stem",
    "Trial",
    "costs_of",
    "ladder",
    "named_space",
    "open_ledger",
    "open_space",
    "sample",
    "search",
    "silent",
]
