"""Weights as whole numbers that cost few bits: chosen by what they do to the answers, and by what the coder takes."""

from featherbone.pack.levelling import Levelling as Levelling
from featherbone.pack.levelling import levelled as levelled

__all__ = ["Levelling", "levelled"]
