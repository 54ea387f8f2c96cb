"""Weights that another project trained, under its names for them, as the weights of a graph."""

from featherbone.nn.foreign.by_name import load_foreign as load_foreign
from featherbone.nn.foreign.by_order import match_by_order as match_by_order
from featherbone.nn.foreign.match import Matched as Matched
from featherbone.nn.foreign.match import match as match
from featherbone.nn.foreign.read import read_state as read_state

__all__ = ["Matched", "load_foreign", "match", "match_by_order", "read_state"]
