"""What a network that learns from another one sees in each step: images of training, changed as in training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from featherbone.data import Dataset, Split
from featherbone.data.batches import Augment, Batching, TensorFormat, batches
from featherbone.nn import Preprocessing
from featherbone.train import default_recipe

BATCH = 64  # images of a step
Draw = Callable[[int], torch.Tensor]  # the images of a step, as the network takes them


def views(dataset: Dataset, seen: Preprocessing, seed: int) -> Draw:
    """The images of each step: which ones, and how each is changed, follows from the seed and the step's number.

        views(dataset, model.preprocessing, seed=0)(17).shape

    They are cropped and mirrored as the data set's usual recipe does it, without what mixes images or hides parts of
    them, and need no labels.
    """
    train = dataset.splits["train"].images
    usual = default_recipe(dataset, epochs=1).augment
    augment = Augment(pad=usual.pad, flip=usual.flip)
    form, batching = TensorFormat(mean=seen.mean, std=seen.std), Batching(batch_size=BATCH)

    def draw(step: int) -> torch.Tensor:
        places = np.sort(np.random.default_rng([seed, step]).integers(len(train), size=BATCH))
        some = Split(images=train[places], labels=np.zeros(BATCH, np.int64), paths=())
        generator = torch.Generator().manual_seed(int(np.random.default_rng([seed, step, 1]).integers(2**62)))
        images, _ = next(iter(batches(some, batching, form, generator=generator, augment=augment)))
        return images

    return draw
