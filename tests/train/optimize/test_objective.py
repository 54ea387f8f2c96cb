"""The loss against its definition: smoothing, weights of classes, soft targets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from train_cases import RECIPE, dataset, network, stripes

from featherbone.data import Split
from featherbone.errors import FeatherboneError
from featherbone.train import Recipe, train
from featherbone.train.optimize.objective import class_weights, make_objective

SPLIT = stripes(60, 1)
UNEVEN = Split(images=SPLIT.images, labels=np.repeat([0, 1, 2], [10, 20, 30]), paths=SPLIT.paths)
DATA = dataset(splits={"train": UNEVEN})


def scores() -> Tensor:
    return torch.randn(8, 3, generator=torch.Generator().manual_seed(0))


def loss(recipe: Recipe, given: Tensor, targets: Tensor) -> Tensor:
    return make_objective(recipe, DATA).loss(nn.Identity(), given, targets)


def written_out(given: Tensor, shares: Tensor, smoothing: float, weights: Tensor) -> Tensor:
    """Σ over images of weight · Σ over classes of -share · log p, over the number of images."""
    smooth = shares * (1 - smoothing) + smoothing / 3
    return ((shares @ weights) * -(smooth * given.log_softmax(1)).sum(1)).sum() / len(given)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", ["none", "balanced", (("left", 2.0), ("right", 0.0))])
def test_the_loss_is_its_definition(smoothing: float, weights: str | tuple[tuple[str, float], ...]) -> None:
    recipe = Recipe(epochs=1, label_smoothing=smoothing, class_weights=weights)
    found = class_weights(recipe, DATA)
    each = torch.ones(3) if found is None else found
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 2, 2])
    shares = nn.functional.one_hot(labels, 3).float()
    torch.testing.assert_close(loss(recipe, scores(), labels), written_out(scores(), shares, smoothing, each))
    torch.testing.assert_close(loss(recipe, scores(), shares), loss(recipe, scores(), labels))
    mixed = 0.7 * shares + 0.3 * shares.roll(1, 0)
    torch.testing.assert_close(loss(recipe, scores(), mixed), written_out(scores(), mixed, smoothing, each))


def test_weights_are_their_definition_and_have_mean_one() -> None:
    def weights(asked: str | tuple[tuple[str, float], ...]) -> list[float]:
        found = class_weights(Recipe(epochs=1, class_weights=asked), DATA)
        assert found is not None
        assert (found @ torch.tensor([10.0, 20.0, 30.0])).item() / 60 == pytest.approx(1)
        return found.tolist()

    assert weights("balanced") == pytest.approx([60 / 30, 60 / 60, 60 / 90])
    asked = weights((("left", 2.0), ("right", 0.5)))  # middle has 1
    assert asked == pytest.approx([value * 60 / (20 + 20 + 15) for value in (2, 1, 0.5)])


def test_a_class_without_images_does_not_count() -> None:
    empty = dataset(splits={"train": replace(UNEVEN, labels=np.repeat([0, 2], 30))})
    found = class_weights(Recipe(epochs=1, class_weights="balanced"), empty)
    assert found is not None
    assert found.tolist() == [1, 0, 1]


def test_weight_two_is_every_image_twice() -> None:
    recipe = Recipe(epochs=1, label_smoothing=0.1, class_weights=(("left", 2.0),))
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 2, 2])
    twice = torch.cat([torch.arange(8), torch.tensor([0, 3])])
    once, doubled = scores(), scores()[twice]
    scale = float(class_weights(recipe, DATA)[1])
    plain = loss(Recipe(epochs=1, label_smoothing=0.1), doubled, labels[twice])
    torch.testing.assert_close(loss(recipe, once, labels) * 8 / scale, plain * 10)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    unknown = replace(RECIPE, class_weights=(("lefd", 2.0),))
    with pytest.raises(FeatherboneError, match="class_weights names 'lefd', which is no class of stripes") as caught:
        train(network(), dataset(), unknown, folder=tmp_path / "a", seed=0)
    assert caught.value.hint == "did you mean left?"
    nothing = replace(RECIPE, class_weights=tuple((name, 0.0) for name in ("left", "middle", "right")))
    with pytest.raises(FeatherboneError, match="0 for every class"):
        train(network(), dataset(), nothing, folder=tmp_path / "a", seed=0)
    assert not (tmp_path / "a").exists()


def test_a_rare_class_is_found_with_balanced_weights(tmp_path: Path) -> None:
    made = stripes(300, 4)
    keep = (made.labels != 0) | (np.arange(300) < 36)
    rare = Split(images=made.images[keep], labels=made.labels[keep], paths=made.paths[: keep.sum()])
    data = dataset(splits={**dataset().splits, "train": rare})
    recipe = replace(RECIPE, epochs=2, warmup_epochs=0.0)
    plain = train(network(), data, recipe, folder=tmp_path / "a", seed=0)
    fair = train(network(), data, replace(recipe, class_weights="balanced"), folder=tmp_path / "b", seed=0)
    assert fair.val_top1 > plain.val_top1 + 0.2
