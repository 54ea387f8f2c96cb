"""A network of the zoo at another resolution is the network that is built for it, with the same weights."""

import pytest
import torch
from narrowing import lively_weights

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.graph.resize import resize_graph
from featherbone.networks import network
from featherbone.nn import Model, Preprocessing, load_model, save_model
from featherbone.rewrite import resize


@pytest.mark.parametrize(
    ("name", "resolutions"),
    [
        ("bn_inception", (128, 320)),
        ("cifar_resnet20", (24, 48)),
        ("efficientnet_lite2", (128, 224)),  # TensorFlow's padding
        ("mobilenet_v3_small", (96, 160)),
        ("shufflenet_v2", (64, 256)),
        ("squeezenet", (192,)),
        ("vgg11", (224,)),
    ],
)
def test_a_resized_network_is_the_one_of_that_resolution(name, resolutions):
    graph = network(name)
    for resolution in resolutions:
        assert resize_graph(graph, resolution) == network(name, resolution=resolution)


def test_pools_over_whole_maps_and_factors_of_resizes_stay():
    x = image(3, 32).conv(4, 3, stride=2)
    y = x.resize((32, 32)).avg_pool(32).flatten().linear(2)
    assert resize_graph(y.graph("net"), 24) == (
        image(3, 24).conv(4, 3, stride=2).resize((24, 24)).avg_pool(24).flatten().linear(2).graph("net")
    )


def flat(side: int = 32) -> Graph:
    return image(3, side).conv(4, 3, stride=2).max_pool(4).flatten().linear(2, name="out").graph("flat")


@pytest.mark.parametrize(
    ("graph", "resolution", "said"),
    [
        (flat(), 48, "flat cannot take 48×48: out reads 64 features of a flattened map, and would be given 144"),
        (flat(), 48, "flat also works at 36, 37 and 38"),
        (flat(), 0, "the resolution is 0; it must be a whole number of at least 1"),
        (flat(), "96", "the resolution is '96'; it must be a whole number"),
        (flat(), 4, "would shrink the map below 1×1"),
        (network("inception_v3"), 64, r"does not fit side 2 .*also works at 75, 76 and 77"),
        (image(3, 8).opaque("fft", (3, 8, 8), name="x").graph("net"), 16, "x: fft is outside the vocabulary"),
        (image(3, 8).resize((5, 5), name="up").graph("net"), 9, "up: a resize of 8×8 to 5×5 has no whole counterpart"),
        (image(3, 8).graph("two", image(3, 8, name="b")), 9, "two has 2 inputs"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(graph, resolution, said):
    with pytest.raises(FeatherboneError, match=said):
        resize_graph(graph, resolution)


def test_a_model_takes_its_weights_and_preprocessing_along(tmp_path):
    graph = network("mobilenet_v3_small", resolution=64, classes=3)
    model = Model(
        graph=graph,
        weights=lively_weights(graph),
        classes=("a", "b", "c"),
        preprocessing=Preprocessing(resolution=64, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3, crop=0.875),
        provenance={"data": "none"},
    )
    small = resize(model, 48)
    save_model(tmp_path / "small.safetensors", small)
    again = load_model(tmp_path / "small.safetensors")
    assert (again.preprocessing.shape, again.preprocessing.crop) == ((3, 48, 48), 0.875)
    assert again.graph == network("mobilenet_v3_small", resolution=48, classes=3)
    images = torch.randn(2, 3, 48, 48)
    with torch.inference_mode():
        assert torch.equal(again.module()(images), small.module()(images))
