"""What tests of several jobs share: a small network that reads digits, its file, and photos without labels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from featherbone.data import Dataset, open_dataset
from featherbone.graph import image
from featherbone.job.images import preprocessing_of
from featherbone.nn import Model, save_model
from featherbone.train import Recipe, train

GRAPH = (
    image(1, 8)
    .conv(12, 3, name="stem")
    .norm()
    .act("relu")
    .conv(16, 3, name="second", stride=2)
    .norm()
    .act("hard_swish")
    .global_pool()
    .flatten()
    .linear(10, name="classes")
    .graph("digit_reader")
)


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return open_dataset("digits")


@pytest.fixture(scope="session")
def model(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A small network that reads most digits."""
    recipe = Recipe(epochs=12, learning_rate=0.2, batch_size=64)
    trained = train(GRAPH, digits, recipe, folder=tmp_path_factory.mktemp("training"), seed=0)
    return Model(graph=GRAPH, weights=trained.weights, classes=digits.classes, preprocessing=preprocessing_of(digits))


@pytest.fixture(scope="session")
def model_file(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("reader") / "digits.safetensors"
    save_model(file, model)
    return file


@pytest.fixture(scope="session")
def loose(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 200 digits, in no folders of classes."""
    folder = tmp_path_factory.mktemp("loose")
    for number, pixels in enumerate(np.asarray(digits.splits["train"].images[::5, :, :, 0])[:200]):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder
