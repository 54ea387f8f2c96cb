"""One small model, with float weights and in integers; tests run on one thread."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from quantizing import grids_of
from settling import settled

from featherbone.data.batches import normalise
from featherbone.graph import image
from featherbone.nn import Model, Preprocessing
from featherbone.quantize import QuantizedModel, nearest_network, prepared

torch.set_num_threads(1)
SEEN = Preprocessing(resolution=16, channels=3, mean=(0.5, 0.4, 0.3), std=(0.25, 0.2, 0.3))
CLASSES = ("cat", 'a "dog"', "bird\nof prey", "other")


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (80, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def float_model() -> Model:
    x = image(3, 16).conv(8, 3, stride=2).norm().act("relu").depthwise(3).norm().act("hard_swish")
    x = x.max_pool(3, stride=2, padding=1).pointwise(12).norm().act("silu").global_pool()
    graph = x.flatten().dropout(0.2).linear(len(CLASSES), name="classifier").graph("small")
    return Model(graph=graph, weights=settled(graph), classes=CLASSES, preprocessing=SEEN, provenance={"data": "noise"})


@pytest.fixture(scope="session")
def integer_model(float_model: Model, pixels: np.ndarray) -> QuantizedModel:
    network = prepared(float_model.graph, float_model.weights)
    grids = grids_of(network, normalise(pixels[:32], SEEN.mean, SEEN.std).contiguous())
    return QuantizedModel(network=nearest_network(network, grids), classes=CLASSES, preprocessing=SEEN)
