"""Each operation does what Pillow does to each image alone, and nothing at the strength that means nothing."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from featherbone.data.augment.operations import NUMBER, OPERATIONS, operate

FILL = (17, 130, 200)
SIZES = [(32, 32), (7, 12), (2, 2)]


def photos(count: int, size: tuple[int, int], channels: int = 3) -> Tensor:
    """Smooth images with some noise and a bright corner, each of another contrast: uint8 (N, C, H, W)."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    waves = np.stack([np.sin(3 * x + 5 * y * k + k) for k in range(channels)])
    strength = np.linspace(5, 120, count)[:, None, None, None]
    images = 128 + strength * (waves + 0.2 * random.standard_normal((count, channels, *size)))
    images[:, :, 0, 0] = 255
    return torch.from_numpy(images.clip(0, 255).astype(np.uint8))


def to_pillow(image: Tensor) -> Image.Image:
    array = image.permute(1, 2, 0).numpy()
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def from_pillow(image: Image.Image) -> Tensor:
    array = np.array(image)
    return torch.from_numpy(array.reshape(*array.shape[:2], -1)).permute(2, 0, 1)


def moved(image: Image.Image, matrix: tuple[float, ...]) -> Image.Image:
    fill = FILL if image.mode == "RGB" else FILL[0]
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST, fillcolor=fill)


def turned(image: Image.Image, degrees: float) -> Image.Image:
    # image.rotate takes a shorter way for multiples of 90 degrees; this is the formula it documents
    angle = math.radians(-degrees)
    middle_x, middle_y = image.width / 2, image.height / 2
    cosine, sine = math.cos(angle), math.sin(angle)
    across = middle_x - cosine * middle_x - sine * middle_y
    down = middle_y + sine * middle_x - cosine * middle_y
    return moved(image, (cosine, sine, across, -sine, cosine, down))


REFERENCES: dict[str, tuple[list[float], Callable[[Image.Image, float], Image.Image]]] = {
    "identity": ([0], lambda image, m: image),
    "shear_x": ([0, 0.3, -0.3, 0.99, -0.99], lambda image, m: moved(image, (1, m, 0, 0, 1, 0))),
    "shear_y": ([0, 0.3, -0.3, 0.99, -0.99], lambda image, m: moved(image, (1, 0, 0, m, 1, 0))),
    "translate_x": ([0, 3, -3, 5.4, 32, -32], lambda image, m: moved(image, (1, 0, m, 0, 1, 0))),
    "translate_y": ([0, 3, -3, 5.4, 32, -32], lambda image, m: moved(image, (1, 0, 0, 0, 1, m))),
    "rotate": ([0, 9, -9, 45, 135, -135], turned),
    "brightness": ([0, 0.01, 0.5, 1, 1.3, 1.99], lambda image, m: ImageEnhance.Brightness(image).enhance(m)),
    "contrast": ([0, 0.01, 0.5, 1, 1.3, 1.99], lambda image, m: ImageEnhance.Contrast(image).enhance(m)),
    "saturation": ([0, 0.01, 0.5, 1, 1.3, 1.99], lambda image, m: ImageEnhance.Color(image).enhance(m)),
    "sharpness": ([0, 0.01, 0.5, 1, 1.3, 1.99], lambda image, m: ImageEnhance.Sharpness(image).enhance(m)),
    "posterize": ([8, 5, 2, 1], lambda image, m: ImageOps.posterize(image, int(m))),
    "solarize": ([256, 255, 128, 0], lambda image, m: ImageOps.solarize(image, int(m))),
    "autocontrast": ([0], lambda image, m: ImageOps.autocontrast(image)),
    "equalize": ([0], lambda image, m: ImageOps.equalize(image)),
}
WITHIN = {"brightness", "contrast", "saturation", "sharpness"}  # one grey level: Pillow multiplies in another order


def applied(name: str, pixels: Tensor, magnitudes: list[float]) -> Tensor:
    plan = torch.full((len(pixels), 1), NUMBER[name])
    fill = torch.tensor(FILL[: pixels.shape[1]], dtype=torch.uint8)
    return operate(pixels, plan, torch.tensor(magnitudes, dtype=torch.float64)[:, None], fill)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", REFERENCES)
def test_an_operation_is_pillows(name: str, size: tuple[int, int], channels: int) -> None:
    magnitudes, reference = REFERENCES[name]
    strengths = magnitudes * 4
    pixels = photos(len(strengths), size, channels)
    result = applied(name, pixels, strengths)
    expected = torch.stack(
        [from_pillow(reference(to_pillow(image), m)) for image, m in zip(pixels, strengths, strict=True)]
    )
    difference = (result.int() - expected.int()).abs()
    assert result.dtype == torch.uint8
    assert difference.max() <= (1 if name in WITHIN else 0)
    assert difference.float().mean() < 0.01


def test_flat_and_extreme_images_are_pillows_too() -> None:
    """Where a histogram has one value, two, or a step of zero."""
    flat = torch.full((1, 3, 4, 4), 9, dtype=torch.uint8)
    two = torch.zeros(1, 3, 4, 4, dtype=torch.uint8)
    two[:, :, 0] = 255
    many = torch.arange(48, dtype=torch.uint8).reshape(1, 3, 4, 4)
    large = torch.full((1, 3, 32, 32), 7, dtype=torch.uint8)
    large[:, :, :9] = torch.arange(288, dtype=torch.uint8).reshape(9, 32)
    for pixels in (flat, two, many, large):
        for name in ("autocontrast", "equalize", "contrast"):
            expected = from_pillow(REFERENCES[name][1](to_pillow(pixels[0]), 1.5))
            assert applied(name, pixels, [1.5])[0].equal(expected), name


def test_hue_is_turned_as_colorsys_turns_it() -> None:
    pixels = photos(6, (5, 5))
    turns = [0.0, 0.1, -0.1, 0.5, -0.5, 1 / 3]
    result = applied("hue", pixels, turns)
    assert result[0].equal(pixels[0])
    for image, turn, found in zip(pixels, turns, result, strict=True):
        for before, after in zip(image.flatten(1).T.tolist(), found.flatten(1).T.tolist(), strict=True):
            hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in before))
            expected = [255 * part for part in colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)]
            assert np.allclose(after, expected, atol=0.51)


NOTHING = {"brightness": 1, "contrast": 1, "saturation": 1, "sharpness": 1, "posterize": 8, "solarize": 256}


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in ("autocontrast", "equalize")])
def test_no_strength_changes_nothing(name: str) -> None:
    pixels = photos(4, (9, 9))
    assert applied(name, pixels, [NOTHING.get(name, 0)] * 4).equal(pixels)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_image_does_not_see_its_neighbours(name: str) -> None:
    pixels = photos(6, (8, 8))
    magnitudes = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] if name == "posterize" else [0.3, 0.5, 0.7, 1.1, 1.3, 1.5]
    together = applied(name, pixels, magnitudes)
    for number in range(6):
        alone = applied(name, pixels[number : number + 1], magnitudes[number : number + 1])
        assert together[number].equal(alone[0])


def test_rounds_follow_each_other_and_the_input_is_left_alone() -> None:
    pixels = photos(2, (6, 6))
    before = pixels.clone()
    plan = torch.tensor([[NUMBER["solarize"], NUMBER["posterize"]], [NUMBER["posterize"], NUMBER["solarize"]]])
    magnitudes = torch.tensor([[128.0, 3.0], [3.0, 128.0]], dtype=torch.float64)
    result = operate(pixels, plan, magnitudes, torch.zeros(3, dtype=torch.uint8))
    first = applied("posterize", applied("solarize", pixels[:1], [128]), [3])
    second = applied("solarize", applied("posterize", pixels[1:], [3]), [128])
    assert result.equal(torch.cat([first, second]))
    assert pixels.equal(before)


def test_memory_order_changes_nothing() -> None:
    pixels = photos(3, (6, 6))
    for name in OPERATIONS:
        magnitudes = [2.0] * 3 if name == "posterize" else [0.7] * 3
        last = applied(name, pixels.contiguous(memory_format=torch.channels_last), magnitudes)
        assert last.equal(applied(name, pixels, magnitudes))
