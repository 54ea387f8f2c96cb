"""Crops, mirrors, erased rectangles and small movements reach their limits, and no further."""

from __future__ import annotations

import torch
from torch import Tensor

from featherbone.data.augment import Augment, change_images, draw


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def augmented(images: Tensor, augment: Augment, generator: torch.Generator) -> Tensor:
    drawn = draw(augment, count=len(images), shape=tuple(images.shape[1:]), generator=generator)
    return change_images(images, augment, drawn)


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
