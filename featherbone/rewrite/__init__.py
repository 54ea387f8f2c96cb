"""Rewrites: a trained network in, a trained network out. Each file holds one of them and states its law."""

from featherbone.rewrite.narrow import Narrowed, narrow
from featherbone.rewrite.trained_graph import TrainedGraph

__all__ = ["Narrowed", "TrainedGraph", "narrow"]
