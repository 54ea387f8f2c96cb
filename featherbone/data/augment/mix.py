"""Mixup (arXiv:1710.09412) and CutMix (arXiv:1905.04899): images and labels of two, each pair with its own draw."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

CANDIDATES = 8  # each is accepted with a probability of 95 % or more


def draw_mix(
    count: int, size: tuple[int, int], mixup: float, cutmix: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Partners, (N,) int64; the share that an image keeps, (N,) float32; rectangles, (N, 4) int64.

    Every image is the partner of one, perhaps of itself. A rectangle (top, left, height, width) is what the partner
    gives; its height is 0 for mixup, where the share holds for all pixels. CutMix's rectangle has its centre anywhere
    and is cut at the edges, and the share is what is left of the area, as in the paper.
    """
    partner = torch.randperm(count, generator=generator)
    cut = torch.rand(count, generator=generator) < (0.5 if mixup and cutmix else float(bool(cutmix)))
    alpha = torch.where(cut, cutmix, mixup).double()
    share = draw_beta(alpha, generator)
    height, width = size
    side = (1 - share).sqrt()
    middles = torch.rand((2, count), generator=generator, dtype=torch.float64)
    edges = []
    for length, middle in ((height, middles[0]), (width, middles[1])):
        half, centre = (length * side).floor().long() // 2, (length * middle).floor().long()
        edges.append(((centre - half).clamp(min=0), (centre + half).clamp(max=length)))
    (top, bottom), (left, right) = edges
    boxes = torch.stack([top, left, bottom - top, right - left], dim=1)
    left_over = 1 - (boxes[:, 2] * boxes[:, 3]).double() / (height * width)
    boxes[~cut, 2] = 0
    return partner, torch.where(cut, left_over, share).float(), boxes


def draw_beta(alpha: Tensor, generator: torch.Generator) -> Tensor:
    """Draws from Beta(α, α) for each α > 0 of a float64 tensor, from this generator alone.

    X / (X + Y) with two draws of Gamma(α) by Marsaglia and Tsang (ACM TOMS 26, 2000) in logarithms, as a small α makes
    both underflow. The number of random numbers taken is the same whatever they are.
    """
    logarithms = []
    for _ in range(2):
        shape = (CANDIDATES, *alpha.shape)
        normal = torch.randn(shape, generator=generator, dtype=torch.float64)
        uniform = torch.rand(shape, generator=generator, dtype=torch.float64).clamp(min=1e-300)
        boost = torch.rand(alpha.shape, generator=generator, dtype=torch.float64).clamp(min=1e-300)
        # Gamma(α) is Gamma(α + 1) · U^(1/α)
        d = alpha + 1 - 1 / 3
        v = (1 + normal / (9 * d).sqrt()) ** 3
        safe = v.clamp(min=1e-300)
        accepted = (v > 0) & (uniform.log() < 0.5 * normal**2 + d - d * v + d * safe.log())
        first = accepted.int().argmax(dim=0, keepdim=True)
        logarithms.append((d * safe.gather(0, first)[0]).log() + boost.log() / alpha)
    return torch.sigmoid(logarithms[0] - logarithms[1])


def mixed(
    images: Tensor, labels: Tensor, others: Tensor, other_labels: Tensor, *, share: Tensor, boxes: Tensor, classes: int
) -> tuple[Tensor, Tensor]:
    """Images (N, C, H, W) with parts of `others`, and float32 targets (N, classes) that sum to 1.

    >>> images, labels = torch.tensor([1.0, 0.0]).view(2, 1, 1, 1), torch.tensor([0, 1])
    >>> images, targets = mixed(images, labels, images.flip(0), labels.flip(0), share=torch.tensor([0.75, 1.0]),
    ...     boxes=torch.zeros(2, 4, dtype=torch.int64), classes=2)
    >>> images.flatten().tolist(), targets.tolist()
    ([0.75, 0.0], [[0.75, 0.25], [0.0, 1.0]])
    """
    _, _, height, width = images.shape
    device = images.device
    share = share.to(device, non_blocking=True)[:, None]
    top, left, tall, wide = boxes.to(device, non_blocking=True)[:, :, None].unbind(1)
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    within = ((rows >= top) & (rows < top + tall))[:, :, None] & ((columns >= left) & (columns < left + wide))[:, None]
    outside = torch.where((tall > 0)[:, :, None], (~within).float(), share[:, :, None])
    result = torch.lerp(others, images, outside[:, None])
    targets, other_targets = (functional.one_hot(each, classes).float() for each in (labels, other_labels))
    return result, torch.lerp(other_targets, targets, share)
