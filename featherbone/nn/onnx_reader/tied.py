"""Tables that an exporter wrote twice: the rows of an embedding, and turned around as the weights of the last layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from featherbone.nn.onnx_reader.external import numbers

READ = 2**26  # elements of a table, at most, that are looked at
SAMPLE = 1000  # elements that are compared: trained numbers that agree in as many are the same ones


def tied(embeddings: Iterable[str], weights: Iterable[str], constants: Mapping[str, Any]) -> dict[str, str]:
    """For each weight that holds the numbers of an embedding, also turned around, that embedding's name."""
    found: dict[str, str] = {}
    tables = {name: tuple(constants[name].dims) for name in embeddings if name in constants}
    for name in weights:
        dims = tuple(constants[name].dims) if name in constants else ()
        for table, shape in tables.items():
            if name == table or len(dims) != 2 or dims not in (shape, shape[::-1]) or table in found:
                continue
            if _same(constants[table], constants[name]):
                found[name] = table
    return found


def _same(table: Any, weight: Any) -> bool:
    """Whether two matrices hold the same numbers at places drawn at random, and not one number alone."""
    if table.data_type != weight.data_type:
        return False
    ours, theirs = numbers(table, READ), numbers(weight, READ)
    if ours is None or theirs is None:
        return False
    draw = np.random.default_rng(0)
    rows, columns = (draw.integers(size, size=SAMPLE) for size in ours.shape)
    drawn = ours[rows, columns]
    pairs = [theirs[rows, columns]] if ours.shape == theirs.shape else []
    pairs += [theirs[columns, rows]] if ours.shape == theirs.shape[::-1] else []
    return len(np.unique(drawn)) > 1 and any(bool((drawn == other).all()) for other in pairs)
