"""Policies draw every operation, at every strength of their table, for each image by itself."""

from __future__ import annotations

import pytest
import torch

from featherbone.data.augment import Augment, change_pixels, draw
from featherbone.data.augment.operations import NUMBER, OPERATIONS
from featherbone.data.augment.policies import draw_jitter, draw_rand, draw_trivial, rand_space, trivial_space
from featherbone.errors import FeatherboneError

NAMES = list(OPERATIONS)
ONE = {"brightness", "contrast", "saturation", "sharpness"}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_trivial_augment_draws_one_of_fourteen_evenly_at_each_of_31_levels() -> None:
    operations, magnitudes = draw_trivial(28_000, generator())
    assert operations.shape == magnitudes.shape == (28_000, 1)
    counts = torch.bincount(operations[:, 0], minlength=len(NAMES))
    assert counts[NUMBER["hue"]] == 0
    assert ((counts[counts > 0] - 2000).abs() < 250).all()
    for name, levels in trivial_space().items():
        found = {round(value - (name in ONE), 6) for value in magnitudes[operations == NUMBER[name]].tolist()}
        expected = {round(value, 6) for value in levels.tolist()}
        if name in ONE or name.startswith(("shear", "translate", "rotate")):
            expected |= {-value for value in expected}
        assert found == expected


@pytest.mark.parametrize(
    ("name", "trivial", "rand"),
    [
        ("shear_x", 0.99, 0.3),
        ("translate_y", 32.0, 150 / 331 * 40),
        ("translate_x", 32.0, 150 / 331 * 60),
        ("rotate", 135.0, 30.0),
        ("sharpness", 0.99, 0.9),
        ("posterize", 2.0, 4.0),
        ("solarize", 0.0, 0.0),
    ],
)
def test_the_strongest_level_is_the_papers(name: str, trivial: float, rand: float) -> None:
    assert trivial_space()[name][30].item() == pytest.approx(trivial)
    assert rand_space(40, 60)[name][30].item() == pytest.approx(rand)
    nothing = {"posterize": 8, "solarize": 256}.get(name, 0)
    assert trivial_space()[name][0].item() == rand_space(40, 60)[name][0].item() == nothing


def test_rand_augment_draws_so_many_operations_at_one_level() -> None:
    operations, magnitudes = draw_rand(5000, (32, 32), (3, 10), generator())
    assert operations.shape == (5000, 3)
    assert set(magnitudes[operations == NUMBER["rotate"]].tolist()) == {10.0, -10.0}
    assert set(magnitudes[operations == NUMBER["brightness"]].tolist()) == {0.7, 1.3}
    assert (operations[:, 0] == operations[:, 1]).double().mean() == pytest.approx(1 / 14, abs=0.02)


def test_jitter_does_all_four_in_every_order_within_its_limits() -> None:
    operations, magnitudes = draw_jitter(4000, (0.4, 0.3, 0.2, 0.1), generator())
    assert len({tuple(row) for row in operations.tolist()}) == 24
    for name, limit, middle in (("brightness", 0.4, 1), ("contrast", 0.3, 1), ("saturation", 0.2, 1), ("hue", 0.1, 0)):
        change = magnitudes[operations == NUMBER[name]] - middle
        assert len(change) == 4000
        assert 0.95 * limit < change.max() <= limit
        assert -0.95 * limit > change.min() >= -limit
        assert abs(change.mean()) < 0.05 * limit
    operations, _ = draw_jitter(100, (0.4, 0, 0, 0), generator())
    assert set(operations.unique().tolist()) == {NUMBER["brightness"], NUMBER["identity"]}


@pytest.mark.parametrize(
    "augment",
    [
        Augment(trivial_augment=True),
        Augment(rand_augment=(2, 9)),
        Augment(color_jitter=(0.4, 0.4, 0.4, 0.1)),
        Augment(resized_crop=0.08),
        Augment(resized_crop=0.3, color_jitter=(0.2, 0, 0, 0), rand_augment=(1, 30)),
    ],
    ids=["trivial", "rand", "jitter", "resized_crop", "together"],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_has_its_own_draw_and_the_generator_decides_all(augment: Augment, channels: int) -> None:
    image = torch.randint(0, 256, (1, channels, 16, 16), dtype=torch.uint8, generator=generator())
    pixels = image.expand(40, channels, 16, 16).contiguous(memory_format=torch.channels_last)
    fill = torch.full((channels,), 99, dtype=torch.uint8)

    def changed(seed: int) -> torch.Tensor:
        drawn = draw(augment, count=40, shape=(channels, 16, 16), generator=generator(seed))
        return change_pixels(pixels, drawn, fill=fill)

    torch.manual_seed(1)
    first = changed(0)
    torch.manual_seed(2)
    assert first.equal(changed(0))
    assert not first.equal(changed(1))
    assert first.dtype == torch.uint8
    assert len({tuple(result.flatten().tolist()) for result in first}) > 15


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pad": -1}, "pad is -1"),
        ({"erase": 1.5}, "erase is 1.5"),
        ({"shift_scale_rotate": (0, 1, 0)}, r"shift_scale_rotate is \(0, 1, 0\)"),
        ({"resized_crop": 1.1}, "resized_crop is 1.1; it is a share"),
        ({"resized_crop": -0.1}, "resized_crop is -0.1"),
        ({"resized_crop": float("nan")}, "resized_crop is nan"),
        ({"color_jitter": (0.1, 0.1, 0.1, 0.6)}, "color_jitter is .*within"),
        ({"rand_augment": (2, 31)}, r"rand_augment is \(2, 31\).*0 to 30"),
        ({"rand_augment": (15, 1)}, "at most 14 operations"),
        ({"rand_augment": (1, 1), "trivial_augment": True}, "trivial_augment is set together"),
        ({"mixup": -0.2}, "mixup is -0.2; it is the α"),
        ({"cutmix": 1000.0}, "cutmix is 1000"),
    ],
)
def test_settings_outside_of_their_range_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(FeatherboneError, match=sentence):
        Augment(**options)
