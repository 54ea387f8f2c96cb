"""Which operations change which image, and how strongly: TrivialAugment, RandAugment, colour jitter."""

from __future__ import annotations

import torch
from torch import Tensor

from featherbone.data.augment.operations import NUMBER
from featherbone.data.augment.settings import MAGNITUDES

Plan = tuple[Tensor, Tensor]  # operations, int64, and magnitudes, float64: both (N, rounds)

SIGNED = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")  # either sign, with equal chance
ENHANCED = ("brightness", "contrast", "saturation", "sharpness")  # 1 plus or minus so much
PLAIN = ("identity", "autocontrast", "equalize")  # of one strength
JITTERED = ("brightness", "contrast", "saturation", "hue")


def trivial_space() -> dict[str, Tensor]:
    """TrivialAugment's wide space (arXiv:2103.10158, table 1): for each operation its magnitude at each of 31 levels.

    >>> trivial_space()["rotate"][[0, 30]].tolist(), trivial_space()["posterize"][[0, 30]].tolist()
    ([0.0, 135.0], [8.0, 2.0])
    """
    return _space(shear=0.99, shift=(32, 32), degrees=135, enhance=0.99, bits=2)


def rand_space(height: int, width: int) -> dict[str, Tensor]:
    """RandAugment's (arXiv:1909.13719, section 4): the ranges of AutoAugment, shifts up to 150/331 of the side.

    >>> rand_space(32, 331)["translate_x"][30].item(), rand_space(32, 32)["posterize"][30].item()
    (150.0, 4.0)
    """
    return _space(shear=0.3, shift=(150 / 331 * height, 150 / 331 * width), degrees=30, enhance=0.9, bits=4)


def _space(*, shear: float, shift: tuple[float, float], degrees: float, enhance: float, bits: int) -> dict[str, Tensor]:
    def up_to(limit: float) -> Tensor:
        return torch.linspace(0, limit, MAGNITUDES, dtype=torch.float64)

    return {
        **{name: torch.zeros(MAGNITUDES, dtype=torch.float64) for name in PLAIN},
        "shear_x": up_to(shear),
        "shear_y": up_to(shear),
        "translate_x": up_to(shift[1]),
        "translate_y": up_to(shift[0]),
        "rotate": up_to(degrees),
        **{name: up_to(enhance) for name in ENHANCED},
        "posterize": 8 - up_to(8 - bits).round(),
        "solarize": 256 - up_to(256),
    }


def draw_trivial(count: int, generator: torch.Generator) -> Plan:
    """One operation for each image, at a level of its own."""
    levels = torch.randint(0, MAGNITUDES, (count, 1), generator=generator)
    return _draw(trivial_space(), levels, generator)


def draw_rand(count: int, size: tuple[int, int], settings: tuple[int, int], generator: torch.Generator) -> Plan:
    """`settings` are how many operations follow each other, drawn independently, and the level of all."""
    rounds, level = settings
    return _draw(rand_space(*size), torch.full((count, rounds), level), generator)


def _draw(space: dict[str, Tensor], levels: Tensor, generator: torch.Generator) -> Plan:
    names = list(space)
    places = torch.randint(0, len(names), levels.shape, generator=generator)
    sign = torch.randint(0, 2, levels.shape, generator=generator).double() * 2 - 1
    strength = torch.stack(list(space.values()))[places, levels]

    def among(group: tuple[str, ...]) -> Tensor:
        return torch.tensor([name in group for name in names])[places]

    magnitudes = torch.where(among(SIGNED + ENHANCED), strength * sign, strength)
    magnitudes = torch.where(among(ENHANCED), 1 + magnitudes, magnitudes)
    return torch.tensor([NUMBER[name] for name in names])[places], magnitudes


def draw_jitter(count: int, largest: tuple[float, float, float, float], generator: torch.Generator) -> Plan:
    """All four in an order of the image's own; what may change by 0 is left out."""
    order = torch.rand((count, len(JITTERED)), generator=generator).argsort(dim=1)
    limits = torch.tensor(largest, dtype=torch.float64)
    change = (torch.rand((count, len(JITTERED)), generator=generator, dtype=torch.float64) * 2 - 1) * limits
    magnitudes = change + torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    numbers = torch.tensor(
        [NUMBER[name] if limit else NUMBER["identity"] for name, limit in zip(JITTERED, largest, strict=True)]
    )
    return numbers[order], magnitudes.gather(1, order)
