"""Images at another resolution."""

from __future__ import annotations

import torch

from featherbone.train.run.resolution import resized


def test_every_pixel_counts_in_a_smaller_image() -> None:
    """Without antialiasing only the middle one of three columns would be seen."""
    images = torch.zeros(1, 1, 9, 9)
    images[..., ::3] = 1.0
    smaller = resized(images, 3)
    assert smaller.shape == (1, 1, 3, 3)
    assert smaller.min() > 0.2
    assert smaller.max() < 0.6
    assert resized(images, 9) is images
    assert resized(torch.full((2, 3, 8, 8), 0.25), 5).sub(0.25).abs().max() < 1e-6
