"""A view of the training images follows from the seed, its number and the image."""

from __future__ import annotations

import torch
from train_cases import RECIPE, dataset

from featherbone.data.batches import Batching
from featherbone.train.run.views import AugmentedView, view_at


def view(seed: int = 0, number: int = 1) -> AugmentedView:
    return AugmentedView(dataset=dataset(), augment=RECIPE.augment, seed=seed, number=number)


def test_each_seed_and_number_has_draws_of_its_own() -> None:
    digests = [view(seed, number).drawn.digest() for seed in (0, 1) for number in (1, 2)]
    assert len(set(digests)) == 4
    assert view().drawn.digest() == digests[0]


def test_a_pass_shows_each_image_as_drawn() -> None:
    shown = view()
    small, large = (
        [torch.cat(part) for part in zip(*shown.batches(Batching(batch_size=size)), strict=True)] for size in (7, 100)
    )
    assert small[0].equal(large[0])
    assert small[1].tolist() == dataset().splits["train"].labels.tolist()


def test_views_take_turns() -> None:
    assert [view_at(epoch, 3) for epoch in range(1, 8)] == [1, 2, 3, 1, 2, 3, 1]
    assert [view_at(epoch, 0) for epoch in (1, 2, 9)] == [1, 2, 9]
