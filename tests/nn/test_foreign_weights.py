"""Weights from elsewhere: matched completely or not at all, and proof that the graph describes what computes."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch
from torch import nn

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.networks import network
from featherbone.nn import load_foreign, match_by_order, module_with

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"


@pytest.mark.shared
def test_published_weights_reach_their_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    """On 1,000 of the test images; benchmarks/cifar_weights.py does all 10,000 and finds 91.73 % and 93.39 %."""
    if not (SHARED / "cifar10.zip").exists():
        pytest.skip("../shared/data/cifar10.zip is absent: CIFAR-10 and the published weights are not shipped")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    benchmark = importlib.import_module("cifar_weights")
    images, labels = benchmark.read_test_images(SHARED / "cifar10.zip", every=10)
    assert len(labels) == 1000
    assert benchmark.count_correct(20, SHARED, images, labels) >= 900


GRAPH = image(3, 8).conv(4, 3, name="first").norm().act("relu").conv(4, 3, name="second").norm().graph("two")


def foreign() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
    )


def test_matched_by_order_computes_the_same() -> None:
    theirs = foreign()
    for statistics in (theirs[1], theirs[4]):
        nn.init.normal_(statistics.running_mean)
        nn.init.uniform_(statistics.running_var, 0.5, 2)
    ours = module_with(GRAPH, match_by_order(GRAPH, theirs.state_dict()))
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


def test_every_layer_that_does_not_match_is_listed() -> None:
    tensors = foreign().state_dict()
    tensors["0.weight"] = torch.zeros(5, 3, 3, 3)
    tensors["6.weight"] = torch.zeros(2, 4)
    with pytest.raises(FeatherboneError) as caught:
        match_by_order(GRAPH, tensors)
    assert "in 2 places; it has 4 layers with weights, and the file 5:" in str(caught.value)
    assert "first (weight 4×3×3×3) ↔ 0 (weight 5×3×3×3)" in str(caught.value)
    assert "nothing ↔ 6 (weight 2×4)" in str(caught.value)


def test_a_missing_layer_is_not_bridged() -> None:
    tensors = {name: tensor for name, tensor in foreign().state_dict().items() if not name.startswith("3.")}
    with pytest.raises(FeatherboneError, match=r"second \(.* ↔ nothing"):
        match_by_order(GRAPH, tensors)


def test_sorted_names_do_not_match_by_order() -> None:
    graph = network("cifar_resnet20")
    unsorted = {f"{name}": torch.zeros(shape) for name, shape in {**graph.parameters(), **graph.buffers()}.items()}
    with pytest.raises(FeatherboneError, match="do not match the layers"):
        match_by_order(graph, dict(sorted(unsorted.items())))


def test_names_that_collide_or_do_not_fit() -> None:
    tensors = foreign().state_dict()
    with pytest.raises(FeatherboneError, match=r"0\.weight and 1\.weight would both become first\.weight"):
        load_foreign(GRAPH, tensors, lambda name: "first." + name.rpartition(".")[2])
    with pytest.raises(FeatherboneError, match="in 20 tensors"):
        load_foreign(GRAPH, tensors, lambda name: name)
