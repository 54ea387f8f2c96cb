"""Rewrites: a trained network in, a trained network out. Each file holds one of them and states its law."""

from featherbone.rewrite.drop import drop
from featherbone.rewrite.factorizing import factorize, moments_of
from featherbone.rewrite.fold import fold
from featherbone.rewrite.narrow import Narrowed, narrow
from featherbone.rewrite.reparameterize import inference_form, reparameterize
from featherbone.rewrite.resize import resize
from featherbone.rewrite.trained_graph import TrainedGraph
from featherbone.rewrite.unfold import unfold

__all__ = [
    "Narrowed",
    "TrainedGraph",
    "drop",
    "factorize",
    "fold",
    "inference_form",
    "moments_of",
    "narrow",
    "reparameterize",
    "resize",
    "unfold",
]
