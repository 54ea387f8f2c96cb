"""Rewrites: a trained network in, a trained network out. Each file holds one of them and states its law."""

from featherbone.rewrite.trained_graph import TrainedGraph

__all__ = ["TrainedGraph"]
