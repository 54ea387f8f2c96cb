"""A model in integers beside the one in floats that all tests of shipping have."""

from __future__ import annotations

import pytest
import torch
from quantizing import quantized

from featherbone.nn import Model
from featherbone.quantize import QuantizedModel

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def integers(trained: Model) -> QuantizedModel:
    return QuantizedModel(
        network=quantized(trained.graph), classes=trained.classes, preprocessing=trained.preprocessing
    )
