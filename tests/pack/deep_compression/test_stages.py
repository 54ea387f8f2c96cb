"""The bytes of each stage give the weights of that stage again, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.pack.deep_compression.layer import SharedWeights, shared_weights
from featherbone.pack.deep_compression.pruning import largest_share
from featherbone.pack.deep_compression.stages import (
    coded_again,
    coded_bytes,
    pruned_bytes,
    pruned_weights,
    shared_again,
    shared_bytes,
)

SHAPES = [(1, 1), (7, 3), (10, 64), (16, 8, 3, 3), (40, 1, 5, 5), (2, 3000)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(12))
def test_what_was_written_is_read_as_it_was(shape: tuple[int, ...], seed: int) -> None:
    draw = np.random.default_rng([seed, *shape])
    weights = draw.laplace(0, draw.choice([1e-6, 0.1, 40]), shape).astype(np.float32)
    weights[draw.random(shape) < draw.choice([0, 0.5, 0.999])] = 0
    if seed % 4 == 3:
        weights = weights.round(1)  # many are equal
    kept = largest_share(weights, float(draw.choice([0.001, 0.1, 0.33, 1])))
    bits, gap_bits = (int(each) for each in draw.integers(1, 9, 2))
    assert np.array_equal(pruned_weights(pruned_bytes(weights, kept, gap_bits), shape, gap_bits), weights * kept)
    layer = shared_weights(weights, kept, bits, gap_bits)
    found = layer.weights()
    assert ((found != 0) <= kept).all()
    assert np.unique(found[kept]).size < 2**bits
    for write, read in ((shared_bytes, shared_again), (coded_bytes, coded_again)):
        again = read(write(layer), shape, bits, gap_bits)
        assert again.weights().tobytes() == found.tobytes()
        assert (again.indices == layer.indices).all()


def test_a_filler_stands_wherever_a_gap_is_wider_than_its_bits() -> None:
    weights = np.zeros((1, 600), np.float32)
    weights[0, [255, 512]] = 1, 2  # the widest gap that 8 bits hold, and one more
    layer = shared_weights(weights, weights > 0, bits=8, gap_bits=8)
    assert layer.gaps.tolist() == [255, 255, 0]
    assert layer.indices.tolist() == [1, 0, 2]
    narrow = shared_weights(weights, weights > 0, bits=8, gap_bits=5)
    assert narrow.gaps.tolist() == [31] * 8 + [31] * 8 + [0]
    assert np.array_equal(narrow.weights(), weights)


def test_sizes_are_those_that_fields_of_bits_have() -> None:
    weights = np.random.default_rng(0).normal(size=(100, 100)).astype(np.float32)
    layer = shared_weights(weights, largest_share(weights, 0.33), bits=6, gap_bits=8)
    assert layer.indices.size == 3300, "no gap is wider than 256"
    assert len(pruned_bytes(weights, largest_share(weights, 0.33), 8)) == 4 + 3300 * (1 + 4)
    assert len(shared_bytes(layer)) == 6 + 4 * layer.codebook.size + 3300 + 3300 * 6 // 8
    assert len(coded_bytes(layer)) < 0.65 * len(shared_bytes(layer)), "gaps of some 3 bits, indices below 6"


@pytest.mark.parametrize("part", range(16))
def test_a_layer_that_is_cut_off_is_refused(part: int) -> None:
    weights = np.random.default_rng(0).normal(size=(8, 8, 3, 3)).astype(np.float32)
    content = coded_bytes(shared_weights(weights, largest_share(weights, 0.33), bits=6, gap_bits=8))
    with pytest.raises(FeatherboneError):
        coded_again(content[: len(content) * part // 16], (8, 8, 3, 3), 6, 8)


@pytest.mark.parametrize(
    ("gaps", "indices", "said"), [([5], [1], "weight 6 of a layer of 5"), ([0], [2], "value 2 of 1")]
)
def test_what_leads_out_of_a_layer_is_refused(gaps: list[int], indices: list[int], said: str) -> None:
    layer = SharedWeights(
        shape=(5,),
        bits=2,
        gap_bits=3,
        codebook=np.ones(1, np.float32),
        indices=np.array(indices),
        gaps=np.array(gaps),
    )
    with pytest.raises(FeatherboneError, match=said):
        layer.weights()
