"""Rewrites: a trained network in, a trained network out. Each file holds one of them and states its law."""

from featherbone.rewrite.drop import drop
from featherbone.rewrite.narrow import Narrowed, narrow
from featherbone.rewrite.resize import resize
from featherbone.rewrite.trained_graph import TrainedGraph

__all__ = ["Narrowed", "TrainedGraph", "drop", "narrow", "resize"]
