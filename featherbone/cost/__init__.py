"""Readings of a graph that are costs: count, memory, formula, and the check against the published tables."""

from featherbone.cost.convention import PAPERS, Charge, Convention
from featherbone.cost.count import Count, Row, count
from featherbone.cost.group import Group
from featherbone.cost.memory import PeakMemory, peak_memory

__all__ = ["PAPERS", "Charge", "Convention", "Count", "Group", "PeakMemory", "Row", "count", "peak_memory"]
