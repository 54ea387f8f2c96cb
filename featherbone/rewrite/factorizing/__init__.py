"""A trained layer in a cheaper form of the review: the forms, what each loses and costs, and the rewrite itself."""

from featherbone.rewrite.factorizing.catalogue import FORMS
from featherbone.rewrite.factorizing.choose import best_of_each, within
from featherbone.rewrite.factorizing.factorize import factorize, written_channels
from featherbone.rewrite.factorizing.moments import moments_of
from featherbone.rewrite.factorizing.plan import (
    FactorizedLayer,
    FormTable,
    applied,
    at_points,
    at_rank,
    at_share,
    tabulate,
)

__all__ = [
    "FORMS",
    "FactorizedLayer",
    "FormTable",
    "applied",
    "at_points",
    "at_rank",
    "at_share",
    "best_of_each",
    "factorize",
    "moments_of",
    "tabulate",
    "within",
    "written_channels",
]
