"""Readings of a graph that are costs: count, memory, formula, and the check against the published tables."""

from featherbone.cost.compare import Comparison, compare
from featherbone.cost.convention import PAPERS, Charge, Convention
from featherbone.cost.count import Count, Row, count
from featherbone.cost.formula import Formula, formula
from featherbone.cost.group import Group
from featherbone.cost.memory import PeakMemory, peak_memory
from featherbone.cost.network_formula import NetworkFormula, network_formula
from featherbone.cost.presets import CONVENTIONS
from featherbone.cost.verify import Verdict, verify
from featherbone.cost.zoo import zoo

__all__ = [
    "CONVENTIONS",
    "PAPERS",
    "Charge",
    "Comparison",
    "Convention",
    "Count",
    "Formula",
    "Group",
    "NetworkFormula",
    "PeakMemory",
    "Row",
    "Verdict",
    "compare",
    "count",
    "formula",
    "network_formula",
    "peak_memory",
    "verify",
    "zoo",
]
