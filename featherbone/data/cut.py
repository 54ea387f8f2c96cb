"""Rows of uint8 pixels → normalised images, cut from a border and mirrored: what every batch goes through.

On a CPU with a C++ compiler in one pass, straight from the memory map; elsewhere by torch. Both give the same bits.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from featherbone.data.augment.crop import corners_when_mirrored, crop, mirror
from featherbone.errors import FeatherboneError
from featherbone.kernels.build import kernels

SOURCE = Path(__file__).with_name("cut.cpp")
FLAGS = ("-ffp-contract=off",)  # a · b + c rounds twice, as in torch
SHARED = 2**20  # bytes of pixels from which on threads gain more than they wait


def cut_rows(
    images: np.ndarray,
    rows: np.ndarray,
    mean: Sequence[float],
    std: Sequence[float],
    drawn: Tensor | None = None,
    *,
    border: int = 0,
) -> Tensor:
    """(v / 255 - mean) / std of some rows of uint8 (_, H, W, C): float32 (N, C, H, W), channels_last in memory.

    >>> pixels = np.array([[[[0], [255]]]], dtype=np.uint8)
    >>> cut_rows(pixels, np.array([0]), [0.5], [0.25], torch.tensor([[0, 0, 1]])).tolist()
    [[[[2.0, -2.0]]]]

    `drawn`, as `draw_crop` has it, says where each is cut from the image with a border of the mean colour, so many
    pixels wide, and whether it is mirrored; None leaves them whole.
    """
    library = _library()
    if library is None or images.dtype != np.uint8 or not images.flags.c_contiguous:
        return cut_pixels(torch.from_numpy(images[rows]).permute(0, 3, 1, 2), mean, std, drawn, border=border)
    _, height, width, channels = images.shape
    rows = np.ascontiguousarray(rows, dtype=np.int64)
    if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(images):
        raise IndexError(f"there are {len(images)} images; asked was for {rows.min()} to {rows.max()}")
    drawn = None if drawn is None else drawn.contiguous()
    scale, shift = _line(tuple(mean), tuple(std), width, torch.device("cpu"))
    result = torch.empty((len(rows), height, width, channels))
    size = len(rows) * height * width * channels
    library.cut(
        ctypes.c_void_p(images.ctypes.data),
        ctypes.c_void_p(rows.ctypes.data),
        ctypes.c_void_p(None if drawn is None else drawn.data_ptr()),
        ctypes.c_void_p(scale.data_ptr()),
        ctypes.c_void_p(shift.data_ptr()),
        ctypes.c_void_p(result.data_ptr()),
        *(ctypes.c_int64(number) for number in (len(rows), height, width, channels, border)),
        ctypes.c_int(torch.get_num_threads() if size >= SHARED else 1),
    )
    return result.permute(0, 3, 1, 2)


def cut_pixels(
    pixels: Tensor, mean: Sequence[float], std: Sequence[float], drawn: Tensor | None = None, *, border: int = 0
) -> Tensor:
    """The same of uint8 images (N, C, H, W) on any device, by torch."""
    if drawn is None:
        return _normalised(pixels, mean, std)
    images = _normalised(mirror(pixels, drawn[:, 2]), mean, std)  # mirrored while a pixel is a byte
    return crop(images, border, corners_when_mirrored(drawn, border))


def _normalised(pixels: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """A line of an image at a time: three numbers at a time, one for each channel, take three times as long."""
    count, channels, height, width = pixels.shape
    scale, shift = _line(tuple(mean), tuple(std), width, pixels.device)
    lines = pixels.permute(0, 2, 3, 1).contiguous().view(count, height, width * channels)
    images = lines.to(torch.float32).mul_(scale).add_(shift)
    return images.view(count, height, width, channels).permute(0, 3, 1, 2)


@lru_cache(maxsize=16)
def _line(mean: tuple[float, ...], std: tuple[float, ...], width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Factor and summand of every number of a line; nobody may write to them."""
    scale = torch.tensor([1 / (255 * s) for s in std], device=device).repeat(width)
    shift = torch.tensor([-m / s for m, s in zip(mean, std, strict=True)], device=device).repeat(width)
    return scale, shift


@cache
def _library() -> ctypes.CDLL | None:
    """None where it cannot be compiled: torch does the same then, several times as slowly."""
    try:
        return kernels(SOURCE, *FLAGS)
    except FeatherboneError:
        return None
