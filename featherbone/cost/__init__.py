"""Readings of a graph that are costs: count, memory, formula, and the check against the published tables.

The package itself can be called with any model, and then is ``featherbone.profile``:

    >>> import featherbone
    >>> featherbone.cost("mobilenet_v2").macs
    300774272
"""

import sys
from types import ModuleType
from typing import Any

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


class _CallablePackage(ModuleType):
    """A package that is also the function of its name; Python lets a module have a class of its own for this."""

    def __call__(self, model: Any, input_size: Any = None, **options: Any) -> Count:
        from featherbone.importing import profile

        return profile(model, input_size, **options)


sys.modules[__name__].__class__ = _CallablePackage

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
