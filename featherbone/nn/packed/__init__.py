"""Levels of weights as few bytes: adaptive probabilities of several contexts, mixed, and an arithmetic coder.

All of it is integers, so that the same bytes give the same levels on every machine and for ever. Two implementations
compute them: ``twin.py`` in NumPy, which says how, and ``levels.cpp``, which is quick.
"""

from featherbone.nn.packed.levels import decode_levels, encode_levels

__all__ = ["decode_levels", "encode_levels"]
