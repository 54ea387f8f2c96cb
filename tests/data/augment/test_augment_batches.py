"""Augmented batches: soft targets, any number of processes, any beginning."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor

from featherbone.data import Split
from featherbone.data.augment import Augment, change_images, change_pixels, draw, mixed
from featherbone.data.batches import Batching, TensorFormat, batches

ALL = Augment(
    pad=1,
    flip=True,
    erase=0.5,
    shift_scale_rotate=(0.1, 0.1, 10),
    resized_crop=0.3,
    color_jitter=(0.4, 0.4, 0.4, 0.1),
    rand_augment=(2, 9),
    mixup=0.2,
    cutmix=1.0,
)
EACH = [
    Augment(pad=2, flip=True),
    Augment(erase=0.8),
    Augment(shift_scale_rotate=(0.1, 0.1, 10)),
    Augment(resized_crop=0.3),
    Augment(color_jitter=(0.4, 0.4, 0.4, 0.1)),
    Augment(trivial_augment=True),
    Augment(rand_augment=(2, 9)),
    Augment(mixup=0.4),
    Augment(cutmix=1.0),
    ALL,
]


def parts(augment: Augment) -> str:
    """The fields that are not off."""
    return "+".join(field.name for field in fields(Augment) if getattr(augment, field.name) != field.default)


def split(count: int = 24, channels: int = 3) -> Split:
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, channels), dtype=np.uint8)
    return Split(images=images, labels=np.arange(count) // 4, paths=tuple(map(str, range(count))))


def one_pass(augment: Augment, data: Split, seed: int = 0, **options: object) -> list[tuple[Tensor, Tensor]]:
    channels = data.images.shape[3]
    form = TensorFormat(mean=(0.4,) * channels, std=(0.25,) * channels)
    given = {name: options.pop(name) for name in ("classes", "drawn", "beside") if name in options}
    batching, random = Batching(**{"batch_size": 8, "shuffle": True, **options}), torch.Generator().manual_seed(seed)
    return list(batches(data, batching, form, generator=random, augment=augment, **given))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("augment", EACH, ids=parts)
def test_form_and_determinism(augment: Augment, channels: int) -> None:
    data = split(channels=channels)
    before = data.images.copy()
    first, again, other = (one_pass(augment, data, seed) for seed in (0, 0, 1))
    for (images, targets), (images_again, targets_again) in zip(first, again, strict=True):
        assert images.equal(images_again)
        assert targets.equal(targets_again)
        assert (images.shape, images.dtype) == ((8, channels, 8, 8), torch.float32)
        assert images.is_contiguous(memory_format=torch.channels_last)
        assert (targets.shape, targets.dtype) == (((8, 6), torch.float32) if augment.mixes else ((8,), torch.int64))
    assert not first[0][0].equal(other[0][0])
    assert np.array_equal(data.images, before)


@pytest.mark.parametrize("augment", EACH, ids=parts)
@pytest.mark.parametrize("processes", [2, 3])
def test_processes_together_have_the_batch_of_one(augment: Augment, processes: int) -> None:
    data = split()
    whole = one_pass(augment, data)
    parts = [one_pass(augment, data, part=(number, processes)) for number in range(processes)]
    for step, (images, targets) in enumerate(whole):
        for number in range(processes):
            part_images, part_targets = parts[number][step]
            assert torch.allclose(part_images, images[number::processes], atol=1e-6)
            assert part_targets.equal(targets[number::processes])


@pytest.mark.parametrize("augment", EACH, ids=parts)
def test_a_pass_begins_anywhere(augment: Augment) -> None:
    whole, rest = one_pass(augment, split()), one_pass(augment, split(), first=2)
    assert len(rest) == len(whole) - 2
    assert rest[0][0].equal(whole[2][0])
    assert rest[0][1].equal(whole[2][1])


@pytest.mark.parametrize("augment", EACH, ids=parts)
def test_what_becomes_of_an_image_does_not_depend_on_its_batch(augment: Augment) -> None:
    """Other sizes and another order give the same images and targets, to the bit."""
    data = split()
    drawn = draw(augment, count=24, shape=(3, 8, 8), generator=torch.Generator().manual_seed(5))

    def by_number(seed: int, **options: object) -> dict[int, tuple[Tensor, Tensor]]:
        found: dict[int, tuple[Tensor, Tensor]] = {}
        for images, targets, numbers in one_pass(augment, data, seed, drawn=drawn, beside=torch.from_numpy, **options):
            found |= {int(n): (i, t) for n, i, t in zip(numbers, images, targets, strict=True)}
        return found

    expected = by_number(0, batch_size=24, shuffle=False)
    assert sorted(expected) == list(range(24))
    for found in (by_number(1), by_number(2, batch_size=5), by_number(3, batch_size=7, first=1)):
        assert len(found) >= 17
        assert all(each.equal(expected[n][0]) and target.equal(expected[n][1]) for n, (each, target) in found.items())


def test_the_partner_of_an_image_is_any_other_of_the_set() -> None:
    drawn = draw(Augment(mixup=1.0), count=1000, shape=(3, 8, 8), generator=torch.Generator().manual_seed(0))
    assert drawn.partner is not None
    assert sorted(drawn.partner.tolist()) == list(range(1000))
    assert (drawn.partner - torch.arange(1000)).abs().float().mean() > 250


def test_targets_have_as_many_classes_as_asked() -> None:
    assert one_pass(Augment(mixup=0.2), split(), classes=10)[0][1].shape == (8, 10)


def test_nothing_is_drawn_for_what_is_off() -> None:
    generator = torch.Generator().manual_seed(0)
    state = generator.get_state()
    assert draw(Augment(), count=8, shape=(3, 8, 8), generator=generator).crop is None
    assert generator.get_state().equal(state)


def test_a_colour_change_of_a_grey_image_keeps_it_grey() -> None:
    data = split(channels=1)
    three = Split(images=data.images.repeat(3, axis=3), labels=data.labels, paths=data.paths)
    for images, _ in one_pass(Augment(color_jitter=(0.4, 0.4, 0.4, 0.1)), three):
        assert torch.allclose(images, images[:, :1].expand_as(images), atol=0.02)


@pytest.mark.parametrize("augment", [*EACH, Augment(rand_augment=(14, 9))], ids=parts)
def test_all_is_computed_where_the_images_are(augment: Augment) -> None:
    """On torch's device without memory, which refuses to compute with tensors of another one."""
    drawn = draw(augment, count=64, shape=(3, 16, 16), generator=torch.Generator().manual_seed(0))
    pixels = torch.empty(64, 3, 16, 16, dtype=torch.uint8, device="meta")
    images = change_pixels(pixels, drawn, fill=torch.zeros(3, dtype=torch.uint8))
    assert images.dtype == torch.uint8
    images = change_images(images.float(), augment, drawn)
    if drawn.share is not None and drawn.cut is not None:
        labels = torch.zeros(64, dtype=torch.int64, device="meta")
        images, targets = mixed(images, labels, images, labels, share=drawn.share, boxes=drawn.cut, classes=4)
        assert (targets.device.type, targets.shape) == ("meta", (64, 4))
    assert (images.device.type, images.dtype, images.shape) == ("meta", torch.float32, (64, 3, 16, 16))
