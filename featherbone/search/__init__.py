"""The most accurate network within a budget: limits, design space, sampling, ledger, successive halving.

Only ``featherbone.fit`` trains; nothing here loads torch.
"""

from featherbone.progress import Event, Progress, silent
from featherbone.search.costs.batch import BatchCosts, SpaceCosts
from featherbone.search.costs.budget import Budget, Costs, costs_of
from featherbone.search.costs.latency_limit import LatencyLimit, LatencyModel
from featherbone.search.draw.sample import sample
from featherbone.search.record.ledger import Entry, Ledger, open_ledger
from featherbone.search.record.rows import Score, Trial
from featherbone.search.schedule.driver import search
from featherbone.search.schedule.ladder import ladder
from featherbone.search.schedule.spending import Limits
from featherbone.search.space.design import Design, Stage, Stem
from featherbone.search.space.named import SPACES, named_space
from featherbone.search.space.space import Space, StageSpace
from featherbone.search.space.space_file import open_space

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
