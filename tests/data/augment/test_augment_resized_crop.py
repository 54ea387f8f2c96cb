"""Boxes have the sizes and shapes of the field's definition; pixels are Pillow's resize of the box."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from featherbone.data.augment.resized_crop import draw_box, resized_crop


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("size", [(32, 32), (20, 31)])
def test_the_box_resized_by_pillow(size: tuple[int, int]) -> None:
    boxes = draw_box(60, size, 0.08, generator())
    pixels = torch.randint(0, 256, (60, 3, *size), dtype=torch.uint8, generator=generator())
    result = resized_crop(pixels, boxes)
    for image, (top, left, tall, wide), found in zip(pixels, boxes.tolist(), result, strict=True):
        box = (left, top, left + wide, top + tall)
        crop = Image.fromarray(image.permute(1, 2, 0).numpy()).crop(box)
        expected = np.asarray(crop.resize((size[1], size[0]), Image.Resampling.BILINEAR))
        difference = np.abs(found.permute(1, 2, 0).numpy().astype(int) - expected)
        assert difference.max() <= 1  # Pillow rounds between its two directions


def test_areas_are_uniform_and_aspects_are_allowed() -> None:
    top, left, tall, wide = draw_box(20_000, (200, 200), 0.08, generator()).double().unbind(1)
    assert (tall > 0).all()
    assert ((top >= 0) & (top + tall <= 200) & (left >= 0) & (left + wide <= 200)).all()
    aspect, area = wide / tall, tall * wide / 200**2
    assert aspect.min() > 0.74
    assert aspect.max() < 1.35
    assert abs(aspect.log().mean()) < 0.01
    assert 0.078 < area.min() < 0.085
    assert area.max() > 0.97
    inner = area[area < 0.6]  # larger ones are drawn again when they do not fit
    assert abs(inner.mean() - 0.34) < 0.01
    assert ((top / (200 - tall).clamp(min=1)).mean() - 0.5).abs() < 0.02


def test_where_no_draw_fits_the_largest_centred_box_is_taken() -> None:
    boxes = draw_box(5, (10, 100), 1.0, generator())  # an aspect of 10 and the whole area: never
    assert boxes.tolist() == [[0, 43, 10, 13]] * 5


def test_the_whole_is_the_image_and_neighbours_do_not_show() -> None:
    pixels = torch.randint(0, 256, (3, 1, 8, 8), dtype=torch.uint8, generator=generator())
    assert resized_crop(pixels, torch.tensor([[0, 0, 8, 8]] * 3)).equal(pixels)
    pixels[1:] = 255
    boxes = torch.tensor([[2, 2, 3, 4]] * 3)
    alone = resized_crop(pixels[:1], boxes[:1])
    assert resized_crop(pixels, boxes)[:1].equal(alone)
    inside = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    inside[:, :, 2:5, 2:6] = 200
    assert (resized_crop(inside, boxes[:1]) == 200).all()  # what is outside of the box has no part
