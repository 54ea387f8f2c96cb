"""Operators that move integers and change none: their values stand on the grid of what is read."""

from __future__ import annotations

import numpy as np

from featherbone.graph import operators as op
from featherbone.graph.operators.arrange import shuffled
from featherbone.quantize.reference.site import IntegerSite


def flatten(operator: op.Flatten, site: IntegerSite) -> np.ndarray:
    return site.reads[0].reshape(len(site.reads[0]), -1)


def cut(operator: op.Slice, site: IntegerSite) -> np.ndarray:
    return site.reads[0][:, int(operator.start) : int(operator.stop)]


def shuffle(operator: op.ChannelShuffle, site: IntegerSite) -> np.ndarray:
    return site.reads[0][:, list(shuffled(int(site.shapes[0][0]), int(operator.groups)))]


def reorder(operator: op.Reorder, site: IntegerSite) -> np.ndarray:
    return site.reads[0][:, list(operator.order)]


def pad_channels(operator: op.PadChannels, site: IntegerSite) -> np.ndarray:
    values = site.reads[0]
    edges = [(0, 0), (int(operator.before), int(operator.after)), *[(0, 0)] * (values.ndim - 2)]
    return np.pad(values, edges, constant_values=site.grids[0].zero)


def dropout(operator: op.Dropout, site: IntegerSite) -> np.ndarray:
    return site.reads[0]
