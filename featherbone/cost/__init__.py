"""Readings of a graph that are costs: count, memory, formula, and the check against the published tables.

``featherbone.profile`` gives the count of any model that can be read into a graph.
"""

from featherbone.cost.calls import Calls
from featherbone.cost.compare import Comparison, compare
from featherbone.cost.convention import PAPERS, Charge, Convention
from featherbone.cost.count import Count, count
from featherbone.cost.explain import Explanation, explain
from featherbone.cost.formula import Formula, formula
from featherbone.cost.group import Group
from featherbone.cost.memory import PeakMemory, peak_memory
from featherbone.cost.network_formula import NetworkFormula, network_formula
from featherbone.cost.presets import CONVENTIONS, convention_named
from featherbone.cost.row import Row
from featherbone.cost.verify import Verdict, verify
from featherbone.cost.zoo import zoo

__all__ = [
    "CONVENTIONS",
    "PAPERS",
    "Calls",
    "Charge",
    "Comparison",
    "Convention",
    "Count",
    "Explanation",
    "Formula",
    "Group",
    "NetworkFormula",
    "PeakMemory",
    "Row",
    "Verdict",
    "compare",
    "convention_named",
    "count",
    "explain",
    "formula",
    "network_formula",
    "peak_memory",
    "verify",
    "zoo",
]
