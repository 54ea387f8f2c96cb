from collections.abc import Iterator
from pathlib import Path

import pytest

from featherbone.data import open_dataset
from featherbone.graph import Graph, image
from featherbone.job.images import preprocessing_of
from featherbone.nn import Model, Preprocessing, module, save_model, weights_of
from featherbone.train import Recipe, train


def residual(name: str = "reader", classes: int = 3, channels: int = 1) -> Graph:
    """A small network with a block that can be dropped."""
    x = image(channels, 8).conv(12, 3, name="stem").norm().act("relu")
    y = x.conv(12, 3, name="block.conv").norm().act("relu").pointwise(12, name="block.project").norm()
    z = (x + y).conv(16, 3, name="last", stride=2).norm().act("relu")
    return z.global_pool().flatten().linear(classes, name="classes").graph(name)


def pretrained_model(graph: Graph, seed: int = 0) -> Model:
    channels, side, _ = graph.input_shape
    seen = Preprocessing(resolution=side, channels=channels, mean=(0.25,) * channels, std=(0.5,) * channels)
    names = tuple("abcdefghijklmnop"[: graph.output_shape[0]])
    return Model(graph=graph, weights=weights_of(module(graph, seed=seed)), classes=names, preprocessing=seen)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEATHERBONE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pretrained network: it knows digits, under other names."""
    path = tmp_path_factory.mktemp("pretrained") / "reader.safetensors"
    recipe = Recipe(epochs=6, learning_rate=0.2, batch_size=64)
    digits = open_dataset("digits")
    graph = residual(classes=10)
    weights = train(graph, digits, recipe, folder=path.parent / "training", seed=0).weights
    names = tuple("abcdefghij")
    save_model(path, Model(graph=graph, weights=weights, classes=names, preprocessing=preprocessing_of(digits)))
    return path
