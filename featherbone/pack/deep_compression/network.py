"""A whole network by Deep Compression: each layer with weights pruned, shared and coded, and what each stage takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Node
from featherbone.graph.operators import Linear
from featherbone.pack.deep_compression.layer import shared_weights
from featherbone.pack.deep_compression.pruning import Mask, Weights, beyond_deviations, largest_share
from featherbone.pack.deep_compression.stages import coded_bytes, pruned_bytes, shared_bytes
from featherbone.rewrite.trained_graph import TrainedGraph

KEEP = 0.33  # of a layer's weights, as the paper keeps of SqueezeNet's (S. Han's model zoo; arXiv:1602.07360, table 2)
CONV_BITS, LINEAR_BITS = 8, 5  # of indices, and of gaps: the paper's, section 5
FLOAT = 4  # bytes of a weight


@dataclass(frozen=True, kw_only=True)
class CompressedLayer:
    """What became of a layer: how many of its weights are kept, bits of indices and gaps, bytes after each stage.

    >>> layer = CompressedLayer(
    ...     name="fc", weights=100, kept=30, bits=5, gap_bits=5, float_bytes=400, pruned=143, shared=130, coded=120
    ... )
    >>> layer.coded / layer.float_bytes
    0.3
    """

    name: str
    weights: int
    kept: int
    bits: int
    gap_bits: int
    float_bytes: int
    pruned: int
    shared: int
    coded: int


@dataclass(frozen=True, kw_only=True)
class DeepCompressed:
    """The network with its shared weights, what became of each layer, and bytes of tensors that stay in float32.

    >>> DeepCompressed(network=TrainedGraph(None, {}), layers=(), plain=40).size("coded")
    40
    """

    network: TrainedGraph
    layers: Sequence[CompressedLayer]
    plain: int

    def size(self, stage: str) -> int:
        """Bytes of all tensors after a stage: ``float_bytes``, ``pruned``, ``shared`` or ``coded``."""
        return self.plain + sum(int(getattr(layer, stage)) for layer in self.layers)


def deep_compressed(
    network: TrainedGraph, *, keep: float | None = None, threshold: float | None = None, bits: int | None = None
) -> DeepCompressed:
    """A trained network, its norms folded, as Deep Compression leaves it without training.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(16, 3, name="a").global_pool().flatten().linear(5, name="fc").graph("tiny")
    >>> found = deep_compressed(TrainedGraph(graph, weights_of(module(graph, seed=0))), keep=0.25, bits=4)
    >>> [(layer.name, layer.weights, layer.kept, layer.gap_bits) for layer in found.layers]
    [('a', 432, 108, 8), ('fc', 80, 20, 5)]
    >>> int((found.network.weights["fc.weight"] != 0).sum())
    20

    - `keep`: the share of each layer's weights that stay, the largest; 0.33 where no threshold is given.
    - `threshold`: instead, those beyond so many standard deviations of the layer's weights stay.
    - `bits`: of an index among the shared values of a layer; 8 in convolutions and 5 in linear layers unless given.

    Gaps have 8 and 5 bits. Biases, and norms that could not be folded, stay in float32.

    Raises:
        FeatherboneError: no layer has weights, some are not finite, or a threshold leaves nothing of a layer.
    """
    weights, layers = dict(network.weights), []
    for node in network.graph.nodes:
        name = f"{node.name}.weight"
        if name not in weights or weights[name].ndim < 2:
            continue
        values = weights[name].numpy()
        if not np.isfinite(values).all():
            raise FeatherboneError(f"{name} has weights that are no numbers", hint="train the network again")
        keeps = beyond_deviations(values, threshold) if threshold is not None else largest_share(values, keep or KEEP)
        if not keeps.any() and values.any():
            raise FeatherboneError(
                f"no weight of {node.name} is beyond {threshold:g} standard deviations; nothing of it would be left",
                hint="a lower threshold, such as 0.5",
            )
        layer, found = _compressed(node, values, keeps, bits)
        weights[name] = torch.from_numpy(found)
        layers.append(layer)
    if not layers:
        raise FeatherboneError(f"{network.graph.name} has no layer with weights; there is nothing to compress")
    whole = sum(FLOAT * tensor.numel() for tensor in weights.values())
    plain = whole - sum(layer.float_bytes for layer in layers)
    return DeepCompressed(network=TrainedGraph(network.graph, weights), layers=tuple(layers), plain=plain)


def _compressed(node: Node, values: Weights, kept: Mask, bits: int | None) -> tuple[CompressedLayer, Weights]:
    """What became of a layer, and its weights."""
    usual = LINEAR_BITS if isinstance(node.operator, Linear) else CONV_BITS
    shared = shared_weights(values, kept, bits or usual, usual)
    coded = coded_bytes(shared)
    layer = CompressedLayer(
        name=node.name,
        weights=values.size,
        kept=int(kept.sum()),
        bits=shared.bits,
        gap_bits=shared.gap_bits,
        float_bytes=FLOAT * values.size,
        pruned=len(pruned_bytes(values, kept, shared.gap_bits)),
        shared=len(shared_bytes(shared)),
        coded=len(coded),
    )
    return layer, shared.weights()
