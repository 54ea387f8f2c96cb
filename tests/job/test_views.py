"""What a network sees in a step follows from the seed and the step alone."""

import torch

from featherbone.data import open_dataset
from featherbone.job.images import preprocessing_of
from featherbone.job.views import BATCH, views


def test_the_images_of_a_step_are_the_same_whenever_it_is_asked_for() -> None:
    digits = open_dataset("digits")
    seen = preprocessing_of(digits)
    first, again, other = (views(digits, seen, seed) for seed in (0, 0, 1))
    assert first(7).shape == (BATCH, 1, 8, 8)
    first(3)
    assert torch.equal(first(7), again(7))
    assert not torch.equal(first(7), first(8))
    assert not torch.equal(first(7), other(7))
