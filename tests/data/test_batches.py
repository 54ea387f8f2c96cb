"""Batches hold each image once, normalised, with its own label; random draws come from the generator alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from featherbone.data import Split
from featherbone.data.augment import augmented
from featherbone.data.batches import Augment, batches, normalise
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
    settings = {"batch_size": 8, "shuffle": True, "augment": None, "mean": MEAN[:channels], "std": STD[:channels]}
    return list(batches(split, generator=torch.Generator().manual_seed(seed), **(settings | options)))


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


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_padded_crop_is_one_of_the_shifts_and_each_image_has_its_own() -> None:
    image = torch.arange(1.0, 17).reshape(1, 1, 4, 4)
    results = augmented(image.expand(400, 1, 4, 4), Augment(pad=1), generator())
    padded = torch.nn.functional.pad(image, (1, 1, 1, 1))
    shifts = {tuple(padded[0, 0, y : y + 4, x : x + 4].ravel().tolist()) for y in range(3) for x in range(3)}
    assert {tuple(result.ravel().tolist()) for result in results} == shifts


def test_a_flip_mirrors_about_half_of_the_images() -> None:
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    results = augmented(image.expand(400, 1, 3, 4), Augment(flip=True), generator())
    mirrored = (results == image.flip(3)).flatten(1).all(dim=1)
    assert ((results == image).flatten(1).all(dim=1) ^ mirrored).all()
    assert 150 < mirrored.sum() < 250


def test_channels_stay_together() -> None:
    image = torch.rand(1, 1, 8, 8, generator=generator())
    images = torch.cat([image, image + 1, image + 2], dim=1).expand(20, 3, 8, 8)
    for augment in (Augment(flip=True, pad=0), Augment(flip=True)):
        result = augmented(images, augment, generator())
        assert torch.allclose(result[:, 1], result[:, 0] + 1)
        assert torch.allclose(result[:, 2], result[:, 0] + 2)


def test_erasing_fills_one_rectangle_of_some_images() -> None:
    results = augmented(torch.full((1000, 3, 32, 32), 9.0), Augment(erase=0.3), generator())
    erased = results != 9
    assert (erased.any(dim=1) == erased.all(dim=1)).all()
    masks = erased[:, 0]
    hit = masks.flatten(1).any(dim=1)
    assert 230 < hit.sum() < 370
    rows, columns = masks.any(dim=2), masks.any(dim=1)
    assert torch.equal(masks, rows[:, :, None] & columns[:, None, :])  # a rectangle without holes
    for edges in (rows, columns):  # without gaps: it starts at most once
        starts = edges[:, 0].int() + (edges[:, 1:] & ~edges[:, :-1]).sum(dim=1)
        assert torch.equal(starts, hit.int())
    area = masks[hit].flatten(1).float().mean(dim=1)
    assert 0.01 < area.min() < 0.05
    assert 0.3 < area.max() <= 0.45
    everywhere = augmented(torch.full((10_000, 1, 32, 32), 9.0), Augment(erase=1), generator()) != 9
    assert 0.2 < everywhere.float().mean() < 0.215  # 21 % of the area on average, less where an edge cuts it
    noise = results[erased]
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02


def test_an_affine_change_of_nothing_changes_nothing() -> None:
    images = torch.rand(5, 3, 8, 8, generator=generator())
    tiny = augmented(images, Augment(shift_scale_rotate=(1e-7, 0, 0)), generator())
    assert torch.allclose(tiny, images, atol=1e-4)


def centre_of_mass(images: Tensor) -> Tensor:
    """(x, y) of each image, in pixels from the centre."""
    places = torch.arange(images.shape[2]) - (images.shape[2] - 1) / 2
    mass = images.sum(dim=(1, 2, 3))
    return torch.stack(
        [(images.sum(dim=(1, 2)) * places).sum(1) / mass, (images.sum(dim=(1, 3)) * places).sum(1) / mass], 1
    )


def test_shifts_reach_the_given_fraction_and_no_further() -> None:
    image = torch.zeros(1, 1, 32, 32)
    image[:, :, 14:18, 14:18] = 1
    moved = centre_of_mass(augmented(image.repeat(500, 1, 1, 1), Augment(shift_scale_rotate=(0.25, 0, 0)), generator()))
    for axis in (0, 1):
        assert 7.5 < moved[:, axis].max() <= 8.01
        assert -7.5 > moved[:, axis].min() >= -8.01


def test_rotations_and_scales_reach_the_given_limits_and_no_further() -> None:
    image = torch.zeros(1, 1, 32, 32)
    image[:, :, 15:17, 25:27] = 1  # right of the centre, 10 pixels away
    images = image.repeat(500, 1, 1, 1)
    x, y = centre_of_mass(augmented(images, Augment(shift_scale_rotate=(0, 0, 30)), generator())).unbind(1)
    degrees = torch.rad2deg(torch.atan2(y, x))
    assert 28 < degrees.max() < 31
    assert -28 > degrees.min() > -31
    assert torch.allclose((x**2 + y**2).sqrt(), torch.tensor(10.0), atol=0.3)
    x, _ = centre_of_mass(augmented(images, Augment(shift_scale_rotate=(0, 0.2, 0)), generator())).unbind(1)
    assert 11.7 < x.max() < 12.2
    assert 7.8 < x.min() < 8.3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pad": -1}, "pad is -1"),
        ({"erase": 1.5}, "erase is 1.5"),
        ({"shift_scale_rotate": (0, 1, 0)}, r"shift_scale_rotate is \(0, 1, 0\)"),
    ],
)
def test_impossible_settings_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(FeatherboneError, match=sentence):
        Augment(**options)


def test_a_pass_from_a_later_batch_on_is_the_rest_of_the_whole_pass() -> None:
    whole = one_pass(make_split(30), augment=EVERYTHING)
    for first in range(5):
        rest = one_pass(make_split(30), augment=EVERYTHING, first=first)
        assert len(rest) == 4 - first
        for (images, labels), (expected, expected_labels) in zip(rest, whole[first:], strict=True):
            assert torch.equal(images, expected)
            assert torch.equal(labels, expected_labels)
