"""Batches hold each image once, normalised, with its own label; random draws come from the generator alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from featherbone.data import Split
from featherbone.data.batches import Augment, Batching, TensorFormat, batches, normalise
from featherbone.errors import FeatherboneError

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
EVERYTHING = Augment(pad=2, flip=True, erase=0.5, shift_scale_rotate=(0.1, 0.1, 10))


def make_split(count: int, size: int = 4, channels: int = 3) -> Split:
    """Image number i has i in its first pixel, and i as its label."""
    images = np.random.default_rng(0).integers(0, 256, (count, size, size, channels), dtype=np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    images.flags.writeable = False
    return Split(images=images, labels=np.arange(count), paths=tuple(map(str, range(count))))


def one_pass(split: Split, *, seed: int = 0, **options: object) -> list[tuple[Tensor, Tensor]]:
    channels = split.images.shape[3]
    lies = {name: options.pop(name) for name in ("channels_last",) if name in options}
    form = TensorFormat(mean=MEAN[:channels], std=STD[:channels], **lies)
    given = {name: options.pop(name) for name in ("augment", "classes") if name in options}
    batching = Batching(**{"batch_size": 8, "shuffle": True, **options})
    return list(batches(split, batching, form, generator=torch.Generator().manual_seed(seed), **given))


def test_normalise_does_what_it_says() -> None:
    split = make_split(5)
    expected = (split.images / 255 - np.array(MEAN)) / np.array(STD)
    result = normalise(split.images, MEAN, STD)
    assert result.dtype == torch.float32
    assert result.is_contiguous(memory_format=torch.channels_last)
    assert np.allclose(result.numpy(), expected.transpose(0, 3, 1, 2), atol=1e-5)


def test_a_pass_holds_each_image_once_with_its_label() -> None:
    split = make_split(30)
    for shuffle in (False, True):
        images, labels = (torch.cat(parts) for parts in zip(*one_pass(split, shuffle=shuffle), strict=True))
        assert sorted(labels.tolist()) == list(range(30))
        numbers = (images[:, 0, 0, 0] * STD[0] + MEAN[0]) * 255
        assert torch.allclose(numbers, labels.float(), atol=1e-3)
        assert (labels.tolist() == list(range(30))) is not shuffle


def test_a_batch_is_read_front_to_back() -> None:
    for _, labels in one_pass(make_split(30)):
        assert labels.tolist() == sorted(labels.tolist())


def test_the_last_batch_is_smaller_or_dropped() -> None:
    assert [len(labels) for _, labels in one_pass(make_split(30))] == [8, 8, 8, 6]
    assert [len(labels) for _, labels in one_pass(make_split(30), drop_last=True)] == [8, 8, 8]
    assert [len(labels) for _, labels in one_pass(make_split(32), drop_last=True)] == [8, 8, 8, 8]
    assert one_pass(make_split(3), drop_last=True) == []


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("augment", [None, EVERYTHING])
def test_the_memory_format_is_as_asked(channels: int, augment: Augment | None) -> None:
    for last, memory in ((True, torch.channels_last), (False, torch.contiguous_format)):
        images, labels = one_pass(make_split(8, channels=channels), augment=augment, channels_last=last)[0]
        assert images.shape == (8, channels, 4, 4)
        assert images.is_contiguous(memory_format=memory)
        assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)


def test_the_generator_decides_everything() -> None:
    split = make_split(40)
    torch.manual_seed(1)
    first = one_pass(split, augment=EVERYTHING)
    torch.manual_seed(2)
    again = one_pass(split, augment=EVERYTHING)
    other = one_pass(split, augment=EVERYTHING, seed=1)
    assert all(torch.equal(a, b) and torch.equal(c, d) for (a, c), (b, d) in zip(first, again, strict=True))
    assert not torch.equal(first[0][0], other[0][0])


def test_a_batch_size_of_zero_is_refused() -> None:
    with pytest.raises(FeatherboneError, match="batch size is 0"):
        one_pass(make_split(3), batch_size=0)
